"""The lists of docs/kernels.md that tables of the sources say: names (names.def, as the compiled extension shows them), options
of cuda.jit (options.def), scalar types (types.def). Each stands in the page between two comments."""

import re
from pathlib import Path

from gridjit import _core

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs/kernels.md"


def below(name):
	return [f"{name}.{word}" for word in dir(_core.Intrinsic(name)) if not word.startswith("__")]


def is_space(name):
	return bool(below(name))


def spaces():
	"""Lists of namespaces with the same names below them, in the order of the table: one each, but for those that a macro makes."""
	literal = re.findall(r'^SPACE\("([^"]+)"', (ROOT / "src/names/names.def").read_text(), re.M)
	found = []
	for name in literal:
		alike = {}
		for made in filter(is_space, below(name)):
			if made not in literal:
				alike.setdefault(tuple(word.removeprefix(made) for word in below(made)), []).append(made)
		found += [[name], *(sorted(made, key=lambda word: (len(word), word)) for made in alike.values())]
	return found


def order():
	"""Where a name stands in the table, for those that it writes out; others follow by alphabet."""
	text = (ROOT / "src/names/names.def").read_text()
	return {name: place for place, name in enumerate(re.findall(r'^NAME\("([^"]+)"', text, re.M))}


def said(name):
	"""`cuda.grid(ndim)` and its sentence."""
	head, _, sentence = _core.Intrinsic(name).__doc__.split("\n")
	return head, sentence


def names():
	"""A heading a namespace; names with one sentence stand in one line."""
	lines, place = [], order()
	for alike in spaces():
		space, sentence = alike[0], said(alike[0])[1]
		lines += ["", f"### {', '.join(alike)}", "", re.sub(r"\b\d+\b", "n", sentence) if alike[1:] else sentence, ""]
		rows = {}
		for name in sorted(below(space), key=lambda name: (place.get(name, len(place)), name)):
			if not is_space(name):
				head, sentence = said(name)
				rows.setdefault(sentence, []).append("`" + head.removeprefix(space + ".") + "`")
		lines += [f"- {', '.join(heads)}: {sentence}" for sentence, heads in rows.items()]
	return lines[1:]


def options():
	text = (ROOT / "src/image/options.def").read_text()
	rows = re.findall(r'^OPTION\(\w+,\s*"(\w+)",\s*\w+,\s*(?:\{[^}]*\}|[^,]+),\s*\w+,\s*([^"]*?),\s*"([^"]+)"\)', text, re.M)
	return [f"- `{keyword}`: {sentence}" for keyword, setters, sentence in rows if "JIT" in setters]


def scalars():
	rows = re.findall(r'^SCALAR\(\w+,\s*"(\w+)",\s*\d+,\s*"(\w+)",\s*"([^"]*)"\)', (ROOT / "src/types/types.def").read_text(), re.M)
	return [f"- `{name}`: also {', '.join(f'`{word}`' for word in [code, *others.split()])}" for code, name, others in rows]


PARTS = {"names": names, "options": options, "scalars": scalars}


def part(text, name):
	"""Where the list stands in the text of the page."""
	return re.search(rf"(?<=<!-- {name}: made by make golden -->\n).*?(?=<!-- end of {name} -->)", text, re.S)


def renewed(text):
	for name, lines in PARTS.items():
		at = part(text, name)
		text = text[:at.start()] + "\n".join(lines()) + "\n" + text[at.end():]
	return text
