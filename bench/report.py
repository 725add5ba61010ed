"""bench/results.json → bench/RESULTS.md and bench/results.svg."""

import importlib.util
from pathlib import Path

from measure import geometric_mean

LEAD = "gridjit"


def kernel_table(part):
	"""Microseconds, and under them each peer's time over gridjit's as geometric mean (above 1: gridjit is faster)."""
	labels = list(dict.fromkeys(label for row in part["us"].values() for label in row))
	lines = ["| kernel | " + " | ".join(labels) + " |", "|---" * (len(labels) + 1) + "|"]
	for name, row in part["us"].items():
		cells = [f"{row[label]:,.1f}" + (f" ({row[label] / row[LEAD]:.2f})" if label != LEAD and LEAD in row else "")
			if label in row else "–" for label in labels]
		lines.append(f"| {name} | " + " | ".join(cells) + " |")
	means = []
	for label in labels:
		ratios = [row[label] / row[LEAD] for row in part["us"].values() if label in row and LEAD in row]
		means.append(f"**{geometric_mean(ratios):.2f}** ({len(ratios)})" if ratios and label != LEAD else "1")
	lines.append("| geometric mean of the ratios (kernels) | " + " | ".join(means) + " |")
	for name, notes in part.get("notes", {}).items():
		for label, text in notes.items():
			lines += ["", f"{label} did not run {name}: `{text}`"]
	return lines


def launch_table(part):
	base = part["us"].get("C loop (floor)")
	lines = ["| caller | µs a launch |" + (" times the floor |" if base else ""), "|---|---|" + ("---|" if base else "")]
	for label, value in part["us"].items():
		lines.append(f"| {label} | {value:.2f} |" + (f" {value / base:.2f} |" if base else ""))
	return lines


def startup_table(part):
	lines = ["| | import over numpy, ms | first kernel, ms | next kernel, ms |", "|---|---|---|---|"]
	lines += [f"| {label} | " + " | ".join(f"{value / 1e3:,.2f}" for value in row) + " |" for label, row in part["us"].items()]
	return lines


def reached(row):
	"""For each that is asked for how many times as fast it is as that one, or the best of all others; –: nobody to compare with."""
	texts = []
	for _, who in row["asked"]:
		others = [t for name, t in row["times"].items() if name != LEAD and who in (name, "the best")]
		texts.append(f"{min(others) / row['times'][LEAD]:.2f}" if others else "–")
	return ", ".join(texts)


def asked_text(row):
	return ", ".join(f"{factor:.3g} × {who}" for factor, who in row["asked"])


def row_text(row):
	"""A row as a line of text."""
	times = ", ".join(f"{who} {t:.3g}" for who, t in row["times"].items())
	return f"{row['what']:<48} {times} {row['unit']}; {reached(row)} × (asked: {asked_text(row)})"


def goals_table(part):
	"""Times, and how many times as fast as what was to be reached."""
	labels = list(dict.fromkeys(label for row in part["rows"] for label in row["times"]))
	lines = ["| | " + " | ".join(labels) + " | | at least | is |", "|---" * (len(labels) + 4) + "|"]
	for row in part["rows"]:
		cells = [f"{row['times'][label]:.3g}" if label in row["times"] else "–" for label in labels]
		lines.append(f"| {row['what']} | " + " | ".join(cells) + f" | {row['unit']} | {asked_text(row)} | {reached(row)} |")
	return lines


SECTIONS = {
	"gpu": ("Kernels on the GPU, µs (in brackets: over gridjit)", kernel_table),
	"cpu": ("Kernels on the CPU, µs (in brackets: over gridjit)", kernel_table),
	"launch-gpu": ("Launching, on the GPU's host", launch_table),
	"launch-cpu": ("Launching on the CPU device", launch_table),
	"ufuncs": ("Ufuncs on the CPU, beside numba's targets, NumPy and numexpr", goals_table),
	"fuse": ("Fused expressions on the CPU", goals_table),
	"startup": ("Import, compile, cache", startup_table),
}


def by_hand(text):
	"""The sections of RESULTS.md that are no part's: they were written by hand, and stay."""
	sections = ["## " + section.partition("\n![")[0].rstrip() + "\n" for section in text.split("\n## ")[1:]]
	return [section for section in sections if section.partition("\n")[0][3:] not in [title for title, _ in SECTIONS.values()]]


def markdown(results, before=""):
	"""RESULTS.md; before: what it was."""
	lines = ["# Benchmark results", "", "Made by `python bench/bench.py` (parts: " + ", ".join(f"`{key}`" for key in SECTIONS)
		+ "). Medians of interleaved runs after warm-up (ufuncs, fuse: the best round, of target cpu in processor time); kernels' results are checked against NumPy first.", ""]
	for key, (title, table) in SECTIONS.items():
		part = results.get(key)
		if part:
			lines += [f"## {title}", "", ", ".join(filter(None, [part.get("device"), part.get("versions"), part.get("date")])), ""]
			lines += table(part) + [""]
	lines += by_hand(before)
	if (Path(__file__).parent / "results.svg").exists():
		lines += ["![each peer's time over gridjit's](results.svg)", ""]
	return "\n".join(lines)


def plot(results, path):
	"""One panel a device: for each kernel the peers' time over gridjit's, on a logarithmic scale."""
	parts = [(key, results[key]) for key in ("gpu", "cpu") if results.get(key, {}).get("us")]
	if not parts or not importlib.util.find_spec("matplotlib"):
		return
	import matplotlib
	matplotlib.use("Agg")
	from matplotlib import pyplot
	figure, axes = pyplot.subplots(len(parts), 1, figsize=(11, 4.2 * len(parts)), squeeze=False)
	for axis, (key, part) in zip(axes[:, 0], parts):
		names = list(part["us"])
		labels = [label for label in dict.fromkeys(l for row in part["us"].values() for l in row) if label != LEAD]
		width = 0.8 / max(1, len(labels))
		for number, label in enumerate(labels):
			at = [i + number * width for i, name in enumerate(names) if label in part["us"][name] and LEAD in part["us"][name]]
			heights = [part["us"][name][label] / part["us"][name][LEAD] for name in names
				if label in part["us"][name] and LEAD in part["us"][name]]
			axis.bar(at, heights, width, label=label, bottom=0)
		axis.axhline(1, color="black", linewidth=1)
		axis.set_yscale("log")
		axis.set_xticks([i + 0.4 - width / 2 for i in range(len(names))], names, rotation=30, ha="right")
		axis.set_ylabel("time over gridjit's")
		axis.set_title(part.get("device", key))
		axis.legend(fontsize=8)
	figure.tight_layout()
	figure.savefig(path, metadata={"Date": None})
