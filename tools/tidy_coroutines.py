"""Coroutine traps that a text search can see. Why they are traps: docs/adr/0002-compilers.md."""

import re

import tidy_text

_AWAIT = re.compile(r"\bco_await\b")
_LAMBDA = re.compile(r"(?<![\w\])])\s*\[(?P<captures>[^\[\]]*)\]\s*(?:\([^{};]*?\))?[^{};()\[\]]*\{")


def find_coroutine_traps(path, text):
    if not path.endswith((".cpp", ".hpp")):
        return
    code = tidy_text.without_comments_and_strings(text)
    for match in _AWAIT.finditer(code):
        where = f"{path}:{tidy_text.line_of(code, match.start())}"
        if _in_initializer(code, match.start()):
            yield f"{where}: co_await inside a braced initializer; name the result first"
        statement = _statement_around(code, match.start())
        if re.search(r"\?(?!\?)", statement):
            yield f"{where}: co_await in a statement with ?:; write if and else"
        if len(_AWAIT.findall(statement)) > 1:
            yield f"{where}: two co_await in one statement; name the first result"
    for match in _LAMBDA.finditer(code):
        body = code[match.end() : tidy_text.matching_brace(code, match.end() - 1)]
        if match.group("captures").strip() and re.search(r"\bco_(?:await|return|yield)\b", body):
            where = f"{path}:{tidy_text.line_of(code, match.end())}"
            yield f"{where}: a lambda with captures is a coroutine; its captures die with it, write a named function"


def _statement_around(code, position):
    start = max(code.rfind(character, 0, position) for character in ";{}") + 1
    end = code.find(";", position)
    return code[start : end if end >= 0 else len(code)]


def _in_initializer(code, position):
    """Whether the innermost open brace before `position` opens an initializer, not a block.

    In the house's format a block's brace follows a blank, an initializer's a name, or `=`, `(`, `,` or `return`.
    """
    depth = 0
    for index in range(position - 1, -1, -1):
        character = code[index]
        if character in ")}":
            depth += 1
        elif character in "({" and depth > 0:
            depth -= 1
        elif character == "{":
            before = code[:index]
            return bool(re.search(r"[\w>\])]$|[=(,{]\s*$|\breturn\s*$", before[-80:]))
        elif character == ";" and depth == 0:
            return False
    return False
