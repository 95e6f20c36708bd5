"""Light or dark: what frames and pictures for other sites ask for by `?theme=`."""

THEMES = ("", "light", "dark")  # without one, a picture is as the reader's browser wants it


def with_theme(path: str, theme: str) -> str:
    return f"{path}?theme={theme}" if theme else path


def css(light: str, dark: str, theme: str) -> str:
    """The rules of a picture in a theme."""
    return {"light": light, "dark": dark}.get(theme, f"{light}@media (prefers-color-scheme:dark){{{dark}}}")
