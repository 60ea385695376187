"""One form for what looks the same on different keyboards: SASLprep (RFC 4013), as SSH wants it.

RFC 4256 and RFC 4252 have a server prepare passwords so. SSH libraries do it before we see one, so
what SASLprep refuses could be set here and never be typed.
"""

from __future__ import annotations

import stringprep
import unicodedata

from vibetui.errors import Invalid

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def prepared(password: str) -> str:
    """The form to hash. Raises `Invalid` for what has no such form."""
    mapped = (
        " " if stringprep.in_table_c12(letter) else letter
        for letter in password
        if not stringprep.in_table_b1(letter)
    )
    form = unicodedata.normalize("NFKC", "".join(mapped))
    unassigned = any(map(stringprep.in_table_a1, password))
    prohibited = any(table(letter) for letter in form for table in _PROHIBITED)
    if unassigned or prohibited or not _is_one_direction(form):
        raise Invalid(
            "That password has characters that not every SSH client can send.",
            "Use letters of one script, digits, punctuation and spaces.",
        )
    return form


def _is_one_direction(form: str) -> bool:
    """RFC 3454 section 6: no mixture of what is written rightwards and leftwards."""
    leftwards = list(map(stringprep.in_table_d1, form))
    if not any(leftwards):
        return True
    return leftwards[0] and leftwards[-1] and not any(map(stringprep.in_table_d2, form))
