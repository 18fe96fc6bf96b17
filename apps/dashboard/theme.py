"""One look for all pages: colours, type and corners in light and dark."""

from __future__ import annotations

from typing import Any

# Names the parts of a plot that keep the greys of our figures instead of taking the page theme's.
PLOTS_KEEP: dict[str, Any] = {
    "attrs": {"Plot": {}, "Axis": {}, "Grid": {}, "Legend": {}, "Title": {}, "ColorBar": {}}
}

FONT = 'Roboto, system-ui, "Segoe UI", "DejaVu Sans", sans-serif'

THEME: dict[str, Any] = {
    "light": {
        "palette": {
            "primary": {"main": "#1f6feb", "contrastText": "#ffffff"},
            "background": {"default": "#f6f7f9", "paper": "#ffffff"},
            "text": {"primary": "#1a2028", "secondary": "#5c6775"},
            "divider": "#e2e6ea",
        },
        "typography": {"fontFamily": FONT, "fontSize": 13},
        "shape": {"borderRadius": 8},
    },
    "dark": {
        "palette": {
            "primary": {"main": "#6aa6ff", "contrastText": "#0d1117"},
            "background": {"default": "#0f1318", "paper": "#14181f"},
            "text": {"primary": "#e6eaef", "secondary": "#97a3b2"},
            "divider": "#2a313b",
        },
        "typography": {"fontFamily": FONT, "fontSize": 13},
        "shape": {"borderRadius": 8},
    },
}

# A quiet bar in the colour of the paper instead of a blue one; content in a column that stays readable on wide screens.
PAGE_SX: dict[str, Any] = {
    ".MuiAppBar-root": {
        "backgroundColor": "background.paper",
        "color": "text.primary",
        "backgroundImage": "none",
        "boxShadow": "none",
        "borderBottom": "1px solid",
        "borderColor": "divider",
    },
    ".MuiAppBar-root .MuiToolbar-root": {
        "minHeight": "48px !important",
        "margin": "0",
        "px": {"xs": 1.5, "sm": 3},
    },
    # Its own sign of focus is a ripple, which is gone after a moment.
    ".MuiAppBar-root .MuiIconButton-root:focus-visible": {
        "outline": "2px solid",
        "outlineColor": "primary.main",
    },
    ".MuiAppBar-root .MuiLinearProgress-root": {"display": "none"},
    "main": {"backgroundColor": "background.default"},
    "main .MuiToolbar-root": {"minHeight": "48px !important", "margin": "0"},
    "main .main-content": {"px": {"xs": 1.5, "sm": 3}, "pt": 2.5, "pb": 4},
}
