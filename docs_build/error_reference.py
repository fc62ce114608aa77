"""Not yet."""


def page() -> str:
    return "# Troubleshooting\n"
