"""References (受理编号) and query codes: random, readable aloud, with a check character.

Alphabet: the 32 signs of Crockford's base 32 (no I, L, O, U), so that what people mistype folds back. The check
character is Luhn mod 32 over date and random part: every single-character typo is found.
"""

from __future__ import annotations

import secrets
import unicodedata
from datetime import date

from stdnum import luhn

from store.cipher import Cipher

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RANDOM_SIGNS = 11  # 55 random bits
CODE_SIGNS = 8
CODE_LENGTH = 16  # of a read code
_FOLDED = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V", "-": None, " ": None})


def new_reference(day: date) -> str:
    """A fresh reference: `YYYYMMDD`, eleven random signs, one check sign."""
    body = f"{day:%Y%m%d}{_random(RANDOM_SIGNS)}"
    return body + luhn.calc_check_digit(body, ALPHABET)


def new_code() -> str:
    """A fresh query code, the second thing one needs to look a case up without logging in."""
    return _random(CODE_SIGNS)


def read_code(cipher: Cipher, office: str, leg: str, later: str = "") -> str:
    """What proves that `office` opened a message to it: the filing of `leg` (its public number), or the one `later`,
    written `TYPE:N`."""
    return cipher.index(f"{office}:{leg}:{later}" if later else f"{office}:{leg}", "read_code")[:CODE_LENGTH]


def _random(signs: int) -> str:
    """So many random signs; 32 of them divide the values of a byte evenly."""
    return "".join(ALPHABET[byte % len(ALPHABET)] for byte in secrets.token_bytes(signs))


def clean_reference(typed: str) -> str | None:
    """What a person typed or a QR carried as a reference, or None if it cannot be one."""
    text = clean_code(typed)
    shaped = len(text) == len("YYYYMMDD") + RANDOM_SIGNS + 1 and all(sign in ALPHABET for sign in text)
    return text if shaped and luhn.is_valid(text, ALPHABET) else None


def clean_code(typed: str) -> str:
    """A typed query code in its one spelling; signs of full width are what Chinese keyboards and copied texts have."""
    return "".join(unicodedata.normalize("NFKC", typed).split()).upper().translate(_FOLDED)
