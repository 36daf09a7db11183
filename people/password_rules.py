"""Which passwords are taken: long ones, of which something is left without the login and what everybody tries.

No rule asks for capitals, digits and signs: people answer it with `Password@2026`, which is what this refuses. A long
phrase needs none of them.
"""

from __future__ import annotations

SHORTEST = 12
LONGEST = 256
LEFT_OVER = 6  # characters besides what everybody tries
DIFFERENT = 6
# What lists of stolen passwords are made of, the longer ones in front of what they begin with.
TRIED: tuple[str, ...] = (
    "administrator", "password", "passw0rd", "p@ssw0rd", "p@ssword", "letmein", "welcome", "changeme", "iloveyou",
    "admin", "guest", "login", "root", "user", "test", "pass",
    "woaizhongguo", "woaiwojia", "woaini", "5201314", "1314520", "zhengwu", "guanliyuan", "guanli", "yijianshi", "mima",
    "1234567890", "123456789", "12345678", "1234567", "123456", "12345", "1234", "0987654321", "987654321", "87654321",
    "654321", "54321", "4321", "112233", "123123", "888888", "666666", "111111", "000000", "888", "666", "123", "321",
    "qwertyuiop", "asdfghjkl", "zxcvbnm", "qwerty", "qwer", "asdf", "zxcv",
    "1qaz2wsx3edc", "1qaz2wsx", "1q2w3e4r", "1q2w3e", "qazwsx", "1qaz", "2wsx", "3edc", "4rfv", "!qaz", "@wsx",
    "abcdefgh", "abcdef", "abcd", "a1b2c3", "abc",
)


def fault(password: str, login: str) -> str:
    """What is wrong with a password, as its owner is told; empty if nothing is."""
    if len(password) < SHORTEST:
        return f"密码太短；请用至少 {SHORTEST} 个字符"
    if len(password) > LONGEST:
        return f"密码太长；请不超过 {LONGEST} 个字符"
    if len(set(password)) < DIFFERENT:
        return "密码里不同的字符太少，容易被猜到；请换一句只有您知道的话"
    rest = password.casefold()
    for tried in (login.strip().casefold(), *TRIED):
        rest = rest.replace(tried, "") if tried else rest
    if len(rest) < LEFT_OVER:
        return "密码太容易被猜到：去掉账号名和常见的词（如 123456、password）就没剩几个字符；请换一句只有您知道的话"
    return ""
