"""The same name composed and decomposed: two files where the system says so."""

import unicodedata


def do(it):
    for form in ("NFC", "NFD"):
        it.write(unicodedata.normalize(form, "é.md"), f"The name in form {form}.")
