"""C++ as text: what the rules of tools/tidy need to know of it. Heuristics for the house's format, no parser."""

import re

_COMMENT_OR_STRING = re.compile(
    r'R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)"'  # raw string
    r"|//[^\n]*|/\*.*?\*/"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",  # a quote between digits only groups them
    re.DOTALL,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)


def _blanked(found):
    return re.sub(r"[^\n]", " ", found)


def without_comments_and_strings(text):
    """The same text with comments and the insides of literals blanked; every position and line stays where it was."""

    def blank(match):
        found = match.group(0)
        return _blanked(found) if found.startswith("/") else '"' + _blanked(found[1:-1]) + '"'

    return _COMMENT_OR_STRING.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def matching_brace(code, opening):
    """Position of the brace that closes the one at `opening`; the end of the text when there is none."""
    depth = 0
    for match in re.finditer(r"[{}]", code[opening:]):
        depth += 1 if match.group(0) == "{" else -1
        if depth == 0:
            return opening + match.start()
    return len(code)


_NO_FUNCTION = re.compile(r"^\s*(?:template\s*<[^{]*>\s*)?(?:namespace|class|struct|union|enum|extern)\b")


def function_lengths(text):
    """(first line, number of lines) of each function that isn't inside another one."""
    code = without_comments_and_strings(text)
    code = _DIRECTIVE.sub(lambda match: _blanked(match.group(0)), code)
    position = 0
    statement_start = 0
    while True:
        match = re.compile(r"[;{}]").search(code, position)
        if match is None:
            return
        position = match.end()
        before = code[statement_start : match.start()]
        if match.group(0) == "{" and "(" in before and not _NO_FUNCTION.match(before.strip("\n")):
            closing = matching_brace(code, match.start())
            start = statement_start + len(before) - len(before.lstrip())
            yield line_of(code, start), code.count("\n", start, closing) + 1
            position = min(closing + 1, len(code))
        statement_start = position
