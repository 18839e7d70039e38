# SPDX-License-Identifier: BSD-3-Clause
"""Print as JSON whether Qt and OpenGL work; run in a separate process, because it may crash."""

from __future__ import annotations

import json
import sys
from contextlib import suppress

GL_RENDERER = 0x1F01


def main() -> None:
    """Start Qt, create an OpenGL context and print their versions."""
    import qtpy
    from qtpy.QtGui import QOffscreenSurface, QOpenGLContext, QSurfaceFormat
    from qtpy.QtWidgets import QApplication

    app = QApplication([])
    surface = QOffscreenSurface()
    surface.create()
    context = QOpenGLContext()
    context.setFormat(QSurfaceFormat.defaultFormat())
    works = context.create() and context.makeCurrent(surface)
    text = f"{qtpy.API_NAME} {qtpy.QT_VERSION} on {app.platformName()}, "
    if works:
        form = context.format()
        text += f"OpenGL {form.majorVersion()}.{form.minorVersion()}"
        with suppress(AttributeError):  # not in every Qt binding
            text += f" ({context.functions().glGetString(GL_RENDERER)})"
    else:
        text += "but no OpenGL context can be created"
    sys.stdout.write(json.dumps({"works": bool(works), "text": text}))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
