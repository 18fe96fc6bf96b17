"""The pages: built with Panel, drawn in the browser, kept current over its websocket."""
