"""Thumbnails of a photograph: base64 image in, one base64 JPEG for each wanted size out."""

import base64
import io

from PIL import Image, ImageOps


def handler(event, context):
    photo = Image.open(io.BytesIO(base64.b64decode(event["image"])))
    photo = ImageOps.exif_transpose(photo).convert("RGB")
    thumbnails = []
    for size in event["sizes"]:
        small = photo.copy()
        small.thumbnail((size, size), Image.Resampling.LANCZOS)
        out = io.BytesIO()
        small.save(out, "JPEG", quality=85, optimize=True)
        mean = small.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        thumbnails.append(
            {
                "width": small.width,
                "height": small.height,
                "mean": mean,
                "image": base64.b64encode(out.getvalue()).decode(),
            }
        )
    return {"width": photo.width, "height": photo.height, "thumbnails": thumbnails}
