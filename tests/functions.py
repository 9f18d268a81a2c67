"""Packages of functions, for tests."""
import io
import zipfile

ROLE = "arn:aws:iam::000000000000:role/lambda-ex"


def package(files, modes=None):
    """A zip of {name: text or bytes}. Scripts (`#!`) and binaries (ELF) are executable."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            content = content.encode() if isinstance(content, str) else content
            info = zipfile.ZipInfo(name, date_time=(2024, 1, 1, 0, 0, 0))
            mode = (modes or {}).get(name) or \
                (0o755 if content[:2] == b"#!" or content[:4] == b"\x7fELF" else 0o644)
            info.external_attr = (0o100000 | mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return out.getvalue()
