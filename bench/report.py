"""What the bench says: tables and verdicts on the terminal, and the same as a page with one picture."""
import datetime
import os
import platform
import re
import subprocess
from pathlib import Path

from shapes import SHAPES

GIB = 1 << 30
COLORS = {"fairlead": "#1b6ca8", "fairlead-uring": "#62a8dd", "nginx": "#9a9a9a", "haproxy": "#c9b27c"}
FIGURES = {"cpu_us": "CPU", "p99_us": "p99"}


def cost(shape, row, key="cpu_us"):
    """CPU us a request, or ms a GiB where bodies are what costs."""
    return row[key] / shape.bytes_each * GIB / 1000 if shape.bytes_each else row[key]


def unit(shape):
    return "CPU ms/GiB" if shape.bytes_each else "CPU us/req"


def print_table(shape, options, rows):
    print(f"\n{shape.name}: {shape.says}; {options.rounds} rounds of {options.seconds:g} s, medians")
    print(f"  {'proxy':<16}{unit(shape):>11}{'min..max':>14}{'x relay':>9}{'req/s':>9}{'p50 us':>9}{'p99 us':>9}"
          f"{'p99.9 us':>10}{'MiB':>7}{'errors':>8}{'quiet':>7}")
    for row in rows:
        print("  " + line_of(shape, row), flush=True)


def line_of(shape, row):
    if "cpu_us" not in row:
        return f"{row['proxy']:<16}{'no answer':>11}{row['errors']:>85}"
    spread = f"{cost(shape, row, 'cpu_us_min'):.1f}..{cost(shape, row, 'cpu_us_max'):.1f}"
    relay = f"{row['relay_ratio']:.2f}" if row["relay_ratio"] else "-"
    return (f"{row['proxy']:<16}{cost(shape, row):>11.1f}{spread:>14}{relay:>9}{row['requests_per_second']:>9.0f}"
            f"{row['p50_us']:>9.0f}{row['p99_us']:>9.0f}{row['p999_us']:>10.0f}{row['resident'] / (1 << 20):>7.1f}"
            f"{row['errors']:>8}{row['quiet_windows']:>5}/{row['windows']}")


def told(verdict):
    """(what was asked, what came of it)."""
    shape, mark, against, value, noisy = verdict
    other = mark.against
    if other == "peer":
        other = f"the cheaper of nginx and HAProxy ({against or 'not both here'})"
    asked = f"{shape}: {mark.proxy}'s {FIGURES[mark.figure]} at most {mark.limit:.2f} x {other}"
    if value is None:
        return asked, "not measured"
    doubt = ", noisy windows only" if noisy else ""
    return asked, f"{value:.2f}, {'met' if value <= mark.limit else 'MISSED'}{doubt}"


def print_verdicts(verdicts):
    if verdicts:
        print()
    for verdict in verdicts:
        print("mark: {}: {}".format(*told(verdict)))


def print_mark(text, value, limit, unit_name):
    if value is None:
        print(f"mark: {text}: not measured")
    else:
        print(f"mark: {text}: {value:.2f} {unit_name}: {'met' if value <= limit else 'MISSED'}")


def print_noise(samples, share_max):
    shares = [sample["others_share"] for sample in samples if "others_share" in sample]
    loud = [share for share in shares if share > share_max]
    if loud:
        print(f"\nnoisy: in {len(loud)} of {len(shares)} windows other processes took more than {share_max:.0%} "
              f"of the proxies' core ({max(loud):.0%} at most). Where there was a quiet window, only quiet ones count.")


def machine():
    model = next((line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return {"processor": model, "cores": os.cpu_count(), "kernel": platform.release().split("-")[0]}


def version_of(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "-"
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found.group() if found else "-"


def write(folder, options, rows, verdicts):
    """benchmarks.md and benchmarks.svg, wholly written by this run."""
    here = machine()
    today = datetime.date.today().isoformat()
    asked = " ".join(options.shapes) if len(options.shapes) < len(SHAPES) else "all"
    lines = [
        "# Benchmarks", "",
        f"Written by `./dev bench {asked} --report docs` on {today}: {here['cores']} cores of "
        f"{here['processor']}, Linux {here['kernel']}; nginx "
        f"{version_of(['/usr/sbin/nginx', '-v'])}, HAProxy {version_of(['/usr/sbin/haproxy', '-v'])}, Redis "
        f"{version_of(['redis-server', '--version'])}. Proxies on one core, load and backends on the other, "
        f"{options.rounds} interleaved rounds of {options.seconds:g} s a shape, medians. What the columns mean and how "
        "far to trust them: [bench/README.md](../bench/README.md).", "",
        "![CPU a request as a multiple of the relay's](benchmarks.svg)", ""]
    for name in options.shapes:
        shape = SHAPES[name]
        lines += [f"## {name}", "", f"{shape.says[0].upper()}{shape.says[1:]}.", "",
                  f"| proxy | {unit(shape)} | x relay | req/s | p50 us | p99 us | p99.9 us | resident MiB |",
                  "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
        lines += [page_line(shape, row) for row in rows if row["shape"] == name]
        lines.append("")
    lines += ["## Marks", "", "| asked | measured |", "| --- | --- |"]
    lines += ["| {} | {} |".format(*told(verdict)) for verdict in verdicts]
    folder.mkdir(exist_ok=True)
    (folder / "benchmarks.md").write_text("\n".join(lines) + "\n")
    (folder / "benchmarks.svg").write_text(picture(options.shapes, rows))


def page_line(shape, row):
    if "cpu_us" not in row:
        return f"| {row['proxy']} | no answer | | | | | | |"
    relay = f"{row['relay_ratio']:.2f}" if row["relay_ratio"] else "-"
    return (f"| {row['proxy']} | {cost(shape, row):.1f} | {relay} | {row['requests_per_second']:.0f} | "
            f"{row['p50_us']:.0f} | {row['p99_us']:.0f} | {row['p999_us']:.0f} | {row['resident'] / (1 << 20):.1f} |")


def picture(shapes, rows):
    """Bars: CPU as a multiple of the relay's, a group a shape."""
    groups = []
    for name in shapes:
        bars = [(row["proxy"], row["relay_ratio"]) for row in rows
                if row["shape"] == name and row["proxy"] in COLORS and row.get("relay_ratio")]
        if bars:
            groups.append((name, bars))
    left, bar, gap, scale = 120, 14, 14, 180
    parts, y = [], 40
    for name, bars in groups:
        parts.append(f'<text x="{left - 8}" y="{y + bar * len(bars) / 2 + 4:.0f}" text-anchor="end">{name}</text>')
        for proxy, value in bars:
            width = value * scale
            parts.append(f'<rect x="{left}" y="{y}" width="{width:.0f}" height="{bar - 2}" fill="{COLORS[proxy]}"/>'
                         f'<text x="{left + width + 6:.0f}" y="{y + bar - 4}">{proxy} {value:.2f}</text>')
            y += bar
        y += gap
    widest = max((value for _, bars in groups for _, value in bars), default=1)
    line = left + scale
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + widest * scale + 170:.0f}" height="{y + 10}" '
            'font-family="sans-serif" font-size="12">\n'
            f'<text x="{left}" y="18" font-size="14">CPU a request, as a multiple of a bare relay\'s</text>\n'
            f'<line x1="{line}" y1="26" x2="{line}" y2="{y}" stroke="#444" stroke-dasharray="3 3"/>\n'
            + "\n".join(parts) + "\n</svg>\n")
