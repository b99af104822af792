"""Turns the results of a comparison (one JSON object per workload and line) into one self-contained HTML page."""

import datetime
import html
import json
import os
import platform
import statistics

# Workload, whose figure, compared with whom, by what, and what we ask for. A CPU ratio is the other's
# CPU seconds per request or message divided by ours: 1.3 means that the other needs 1.3 times as much.
WS_WORKLOADS = ["ws-echo-16", "ws-echo-16-inflight-16", "ws-echo-1k", "ws-echo-64k", "ws-broadcast-1000", "ws-connect"]
GOALS = [
    ("http-plaintext-lean", "margay", "rawlimit", "cpu", 0.87),
    ("http-plaintext-lean", "margay", "nginx", "cpu", 1.3),
    ("http-plaintext-lean", "margay", "tomcat10", "cpu", 2.5),
    ("http-plaintext-lean", "margay-logged", "rawlimit", "cpu", 0.78),
    ("http-plaintext-lean", "margay-worker", "tomcat10", "cpu", 1.5),
    ("http-plaintext-lean", "margay", "rawlimit", "p99", 1.2),
    ("http-pipelined-16-lean", "margay", "rawlimit", "cpu", 0.40),
    ("http-json", "margay", "tomcat10", "cpu", 2.5),
    ("http-connection-per-request", "margay", "rawlimit", "cpu", 0.90),
    ("http-connection-per-request", "margay", "nginx", "cpu", 1.0),
    ("static-1k", "margay", "nginx", "cpu", 1.35),
    ("static-100k", "margay", "nginx", "cpu", 1.0),
    ("static-10m", "margay", "nginx", "cpu", 1.0),
    ("http-idle-10k", "margay", None, "bytes", 700),
    ("ws-echo-16", "margay", "rawlimit", "cpu", 0.95),
    ("ws-echo-16-inflight-16", "margay", "rawlimit", "cpu", 0.90),
    ("ws-echo-1k", "margay", "rawlimit", "cpu", 0.95),
    ("ws-echo-64k", "margay", "rawlimit", "cpu", 0.90),
    ("ws-broadcast-1000", "margay", "rawlimit", "cpu", 0.95),
    ("ws-connect", "margay", "rawlimit", "cpu", 0.85),
    *((workload, "margay", "rawlimit", "p99", 1.2) for workload in WS_WORKLOADS),
    ("ws-deflate-1k", "margay", "node-ws", "cpu", 2.4),
    ("ws-deflate-1k", "margay", "tomcat10", "cpu", 1.4),
    *((workload, "margay-ws-worker", "tomcat10", "cpu", 2.0) for workload in WS_WORKLOADS),
    ("ws-idle-10k", "margay", None, "bytes", 1024),
    ("ws-broadcast-950-stalled-50", "margay", None, "p99 against ws-broadcast-950", 1.2),
]
COLOURS = {"margay": "#c2571a", "margay-logged": "#e08a4f", "margay-worker": "#edb890",
           "margay-ws-worker": "#edb890", "rawlimit": "#8a8f98", "nginx": "#2f855a", "tomcat10": "#b7a13a",
           "node-ws": "#6b8f3a", "uWebSockets": "#7a5fb0"}


def load(path):
    """Workload to server to its turns; a workload measured twice counts the last time."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            entry = json.loads(line)
            found[entry["workload"]] = {name: rows for name, rows in entry["results"].items() if rows}
    return found


def steady(rows):
    quiet = [row for row in rows if row.get("quiet", True)]
    return quiet if len(quiet) >= 3 else rows


def median(rows, key):
    values = [row[key] for row in steady(rows) if row.get(key) is not None]
    return statistics.median(values) if values else None


def paired_ratio(ours, theirs, key):
    """The median of theirs divided by ours over the turns of one round, undisturbed ones when there are three."""
    partner = {row.get("round"): row for row in theirs}
    pairs = [(row, partner[row.get("round")]) for row in ours if row.get("round") in partner]
    clean = [pair for pair in pairs if pair[0].get("quiet", True) and pair[1].get("quiet", True)]
    values = [b[key] / a[key] for a, b in (clean if len(clean) >= 3 else pairs) if a.get(key) and b.get(key)]
    return statistics.median(values) if values else None


def judge(results):
    """One row per goal that was measured: what, asked, got, reached."""
    rows = []
    for workload, ours, theirs, by, asked in GOALS:
        servers = results.get(workload, {})
        if ours not in servers or (theirs and theirs not in servers):
            continue
        if by == "bytes":
            got = median(servers[ours], "rate")
            rows.append((f"{workload}: {ours}, bytes per connection", f"at most {asked}", f"{got:,.0f}", got <= asked))
        elif by.startswith("p99 against "):
            calm = results.get(by.removeprefix("p99 against "), {}).get(ours)
            if calm:
                ratio = median(servers[ours], "p99_us") / median(calm, "p99_us")
                rows.append((f"{workload}: {by}, of {ours}", f"at most {asked} ×", f"{ratio:.2f} ×", ratio <= asked))
        elif by == "p99":
            ratio = paired_ratio(servers[theirs], servers[ours], "p99_us")
            if ratio is not None:
                rows.append((f"{workload}: p99 of {ours} beside {theirs}", f"at most {asked} ×", f"{ratio:.2f} ×",
                             ratio <= asked))
        else:
            ratio = paired_ratio(servers[ours], servers[theirs], "cpu_s_per_million")
            if ratio is not None:
                rows.append((f"{workload}: {ours} beside {theirs}, by CPU time", f"at least {asked} ×",
                             f"{ratio:.2f} ×", ratio >= asked))
    return rows


def summary(path):
    rows = judge(load(path))
    return "\n".join(f"{'reached ' if ok else 'MISSED  '} {what}: {got} (asked: {asked})" for what, asked, got, ok in rows)


def bars(title, unit, values):
    """An SVG bar group: one bar per server, its value at its end."""
    values = [(name, value) for name, value in values if value is not None]
    if not values:
        return ""
    top = max(value for _, value in values) or 1
    step, width, left = 24, 560, 120
    parts = [f'<figure><figcaption>{html.escape(title)} <small>{html.escape(unit)}</small></figcaption>'
             f'<svg viewBox="0 0 {width} {step * len(values)}" role="img" aria-label="{html.escape(title)}">']
    for index, (name, value) in enumerate(values):
        y = index * step
        length = max(1, value / top * (width - left - 90))
        text = f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"
        parts.append(f'<text x="{left - 8}" y="{y + 16}" text-anchor="end">{html.escape(name)}</text>'
                     f'<rect x="{left}" y="{y + 4}" width="{length:.1f}" height="16" rx="2" '
                     f'fill="{COLOURS.get(name, "#5a7fb0")}"/>'
                     f'<text x="{left + length + 6:.1f}" y="{y + 16}">{text}</text>')
    return "".join(parts) + "</svg></figure>"


def cell(value, digits=0):
    return "<td>–</td>" if value is None else f"<td>{value:,.{digits}f}</td>"


def section(workload, about, servers):
    idle = "idle" in workload
    parts = [f"<section><h2>{html.escape(workload)}</h2><p>{html.escape(about)}</p><div class=charts>"]
    if idle:
        parts.append(bars("Memory per connection", "bytes, less is better",
                          [(name, median(rows, "rate")) for name, rows in servers.items()]))
        parts.append(bars("Resident memory when idle", "MiB, less is better",
                          [(name, median(rows, "rss_before_mib")) for name, rows in servers.items()]))
    else:
        parts.append(bars("Server CPU", "seconds per million requests or messages, less is better",
                          [(name, median(rows, "cpu_s_per_million")) for name, rows in servers.items()]))
        parts.append(bars("Rate", "requests or messages per second, more is better",
                          [(name, median(rows, "rate")) for name, rows in servers.items()]))
    parts.append("</div><table><tr><th>server<th>per second<th>CPU s per million<th>p50 µs<th>p99 µs<th>RSS MiB"
                 "<th>server core<th>errors<th>turns (noisy)</tr>" if not idle else
                 "</div><table><tr><th>server<th>bytes per connection<th>RSS idle MiB<th>RSS with connections MiB"
                 "<th>errors</tr>")
    for name, rows in servers.items():
        errors = sum(row["errors"] for row in rows)
        parts.append(f"<tr><th>{html.escape(name)}</th>{cell(median(rows, 'rate'))}")
        if idle:
            parts.append(f"{cell(median(rows, 'rss_before_mib'), 1)}{cell(median(rows, 'rss_mib'), 1)}{cell(errors)}")
        else:
            noisy = sum(not row.get("quiet", True) for row in rows)
            busy = median(rows, "server_busy")
            parts.append(f"{cell(median(rows, 'cpu_s_per_million'), 2)}{cell(median(rows, 'p50_us'))}"
                         f"{cell(median(rows, 'p99_us'))}{cell(median(rows, 'rss_mib'), 1)}"
                         f"<td>{busy:.0%}</td>{cell(errors)}<td>{len(rows)} ({noisy})</td>")
        parts.append("</tr>")
    return "".join(parts) + "</table></section>"


STYLE = """
:root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;max-width:76rem;margin:2rem auto;padding:0 1rem}
h1{margin-bottom:0}h2{margin:2.5rem 0 0;font-size:1.15rem}p{margin:.2rem 0 .8rem;opacity:.8}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:1.5rem}figure{margin:0}
figcaption{font-weight:600}small{font-weight:400;opacity:.7}svg{width:100%;font-size:12px;fill:currentColor}
table{border-collapse:collapse;margin-top:.8rem;font-variant-numeric:tabular-nums;display:block;overflow-x:auto}
td,th{padding:.2rem .8rem .2rem 0;text-align:right;border-bottom:1px solid #8884;font-weight:400}
th:first-child{text-align:left}tr:first-child th{font-weight:600}.missed{color:#c0392b;font-weight:600}
"""


def write(path, output, about):
    results = load(path)
    goals = "".join(f"<tr><th>{html.escape(what)}</th><td>{html.escape(asked)}</td>"
                    f"<td class={'reached' if ok else 'missed'}>{html.escape(got)}</td></tr>"
                    for what, asked, got, ok in judge(results))
    now = datetime.datetime.now().astimezone().isoformat(" ", "minutes")
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}"
    body = "".join(section(name, about.get(name, ""), servers) for name, servers in results.items())
    page = (f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
            f"<title>Margay beside other servers</title><style>{STYLE}</style><h1>Margay beside other servers</h1>"
            f"<p>{html.escape(now)}, {html.escape(machine)}. One core for the server, one for the load, one loop. "
            f"Medians of turns that alternate between the servers; ratios are medians over adjacent turns. "
            f"CPU time is the figure to trust: rates compare only where the server's core is full.</p>"
            f"<table><tr><th>goal<th>asked<th>measured</tr>{goals}</table>{body}</html>")
    with open(output + ".new", "w", encoding="utf-8") as file:
        file.write(page)
    os.replace(output + ".new", output)
