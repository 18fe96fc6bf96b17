"""Who may use the platform, and as what."""
