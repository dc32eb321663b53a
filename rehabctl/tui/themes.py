"""The panel's own themes. Contrast is computed in the tests: 4.5:1 for all, 7:1 for the last."""

from __future__ import annotations

from textual.theme import Theme

DEFAULT_THEME = "rehabctl-dark"

DARK = Theme(
    name="rehabctl-dark",
    primary="#7cb7ff",
    secondary="#8fa3b8",
    accent="#7fd6c2",
    warning="#f2c063",
    error="#ff8f85",
    success="#8fd18f",
    foreground="#d9e0e7",
    background="#0f151b",
    surface="#141c24",
    panel="#1d2731",
    dark=True,
    variables={
        "muted": "#93a4b5",
        "rule": "#3a4957",
        "cursor-background": "#24405f",
        "cursor-foreground": "#f4f8fc",
        "tier-red-flag": "#ff8f85",
        "tier-declining": "#f2c063",
        "tier-due": "#7cb7ff",
        "tier-stable": "#93a4b5",
        "side-left": "#7fd6c2",
        "side-right": "#f2c063",
        "block-cursor-background": "#24405f",
        "block-cursor-foreground": "#f4f8fc",
        "block-cursor-blurred-background": "#1d2731",
        "block-cursor-blurred-foreground": "#d9e0e7",
        "border": "#7cb7ff",
        "border-blurred": "#3a4957",
        "input-selection-background": "#24405f",
    },
)

LIGHT = Theme(
    name="rehabctl-light",
    primary="#0b5394",
    secondary="#4a5c6e",
    accent="#0b6b58",
    warning="#8a4b00",
    error="#a61b1b",
    success="#1f6b2a",
    foreground="#1b2530",
    background="#f7f9fb",
    surface="#eef2f6",
    panel="#e1e8ef",
    dark=False,
    variables={
        "muted": "#4a5c6e",
        "rule": "#b5c2cf",
        "cursor-background": "#cfe2f7",
        "cursor-foreground": "#0d1722",
        "tier-red-flag": "#a61b1b",
        "tier-declining": "#8a4b00",
        "tier-due": "#0b5394",
        "tier-stable": "#4a5c6e",
        "side-left": "#0b6b58",
        "side-right": "#8a4b00",
        "block-cursor-background": "#cfe2f7",
        "block-cursor-foreground": "#0d1722",
        "block-cursor-blurred-background": "#e1e8ef",
        "block-cursor-blurred-foreground": "#1b2530",
        "border": "#0b5394",
        "border-blurred": "#b5c2cf",
        "input-selection-background": "#cfe2f7",
    },
)

HIGH_CONTRAST = Theme(
    name="rehabctl-high-contrast",
    primary="#9cd0ff",
    secondary="#ffffff",
    accent="#7dffde",
    warning="#ffd75f",
    error="#ffb3ad",
    success="#a8f0a8",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#101010",
    dark=True,
    text_alpha=1.0,
    variables={
        "muted": "#e0e0e0",
        "rule": "#a8a8a8",
        "cursor-background": "#ffffff",
        "cursor-foreground": "#000000",
        "tier-red-flag": "#ffb3ad",
        "tier-declining": "#ffd75f",
        "tier-due": "#9cd0ff",
        "tier-stable": "#e0e0e0",
        "side-left": "#7dffde",
        "side-right": "#ffd75f",
        "block-cursor-background": "#ffffff",
        "block-cursor-foreground": "#000000",
        "block-cursor-blurred-background": "#303030",
        "block-cursor-blurred-foreground": "#ffffff",
        "block-hover-background": "#303030",
        "border": "#9cd0ff",
        "border-blurred": "#a8a8a8",
        "input-selection-background": "#0050a0",
        "input-cursor-background": "#ffffff",
        "input-cursor-foreground": "#000000",
    },
)

THEMES = (DARK, LIGHT, HIGH_CONTRAST)

FALLBACK_VARIABLES = {
    "muted": "$text-muted",
    "rule": "$border-blurred",
    "cursor-background": "$block-cursor-background",
    "cursor-foreground": "$block-cursor-foreground",
    "tier-red-flag": "$text-error",
    "tier-declining": "$text-warning",
    "tier-due": "$text-primary",
    "tier-stable": "$text-muted",
    "side-left": "$text-accent",
    "side-right": "$text-warning",
}
"""The panel's own colour names in a theme that is not ours."""
