#!/usr/bin/env python3
"""Changes Rust files in small ways, one change at a time, and runs tests. A change that no test notices is a gap in the tests.

The changes are those of text: a comparison turned round, a constant of an enum replaced by its opposite, a condition negated, a
call left out. They are made in a copy of the workspace below target/mutants. Tests and comments are not changed.

usage: mutate.py --package NAME --files GLOB... --test 'ARGUMENTS OF CARGO TEST'... [--only N/M] [--list] [--limit N]
"""

import argparse
import pathlib
import re
import shutil
import subprocess
import sys

PAIRS = [
    (r" == ", " != "),
    (r" != ", " == "),
    (r" && ", " || "),
    (r" \|\| ", " && "),
    (r" < ", " <= "),
    (r" > ", " >= "),
    (r" <= ", " < "),
    (r" >= ", " > "),
    (r" \+ ", " - "),
    (r" \+= 1", " += 2"),
    (r"\bSecurity::Secure\b", "Security::Insecure"),
    (r"\bSecurity::Insecure\b", "Security::Secure"),
    (r"\bTrouble::Hard\b", "Trouble::Soft"),
    (r"\bTrouble::Soft\b", "Trouble::Hard"),
    (r"\bOthers::Later\b", "Others::Useless"),
    (r"\bOthers::Useless\b", "Others::Later"),
    (r"\bPosition::Backup\b", "Position::Outside"),
    (r"\bKeyword::Required\b", "Keyword::IfOffered"),
    (r"\bKeyword::Omit\b", "Keyword::Required"),
    (r"\bTurn::First\b", "Turn::Plaintext"),
    (r"\bFallback::Plaintext\b", "Fallback::NextHost"),
    (r"\bFamily::V6\b", "Family::V4"),
    (r"\bTlsDemand::Encrypted\b", "TlsDemand::Opportunistic"),
    (r"\bTlsDemand::Plaintext\b", "TlsDemand::Opportunistic"),
    (r"\bWhy::LoopsBack\b", "Why::NoAddress"),
    (r"\bWhy::Dns\b", "Why::Unreachable"),
    (r"\bWhy::TlsNeeded\b", "Why::PolicyMismatch"),
    (r"\bNeed::RequireTls\b", "Need::Usual"),
    (r"\bNeed::Optional\b", "Need::Usual"),
    (r"\bTlsStart::Implicit\b", "TlsStart::StartTls"),
    (r"\bMode::Enforce\b", "Mode::Testing"),
    (r"\bStsVerdict::EnforceMatch\b", "StsVerdict::TestingMatch"),
    (r"\bStsVerdict::EnforceMismatch\b", "StsVerdict::NoPolicy"),
    (r"\bNoted::Bogus\b", "Noted::Nothing"),
    (r"\bNoted::Failed\b", "Noted::Nothing"),
    (r"\bTlsa::Unusable\b", "Tlsa::Absent"),
    (r"\bPolicyRefusal::Temporary\b", "PolicyRefusal::AsSaid"),
    (r"\bis_some\(\)", "is_none()"),
    (r"\bis_empty\(\)", "is_empty() == false"),
    (r"\.any\(", ".all("),
    (r"\.all\(", ".any("),
    (r"\.min\(", ".max("),
    (r"\.max\(", ".min("),
    (r"\bif !", "if "),
    (r"\(1, ", "(0, "),
    (r", 0, Others", ", 1, Others"),
    (r", 1, Others", ", 0, Others"),
    (r"saturating_sub\(2\)", "saturating_sub(0)"),
]
# A line that is a call and nothing else can be left out.
STATEMENT = re.compile(r"^\s+[a-z_.]+(\.[a-z_]+)*\(.*\);$")


def mutants(path):
    """Yields the number of a line and its changed form."""
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        code = line.strip()
        if code.startswith("#[cfg(test)]"):
            return
        if not code or code.startswith(("//", "use ", "pub use", "#[", "assert", "extern")):
            continue
        for pattern, other in PAIRS:
            for match in re.finditer(pattern, line):
                if "impl" in code.split()[:1] or "fn " in code and pattern in (r" < ", r" > "):
                    continue
                yield number, line[: match.start()] + other + line[match.end() :]
        if STATEMENT.match(line):
            yield number, ""


def run(test, copy, seconds):
    """Returns `passed`, `failed`, or `no Rust` if it does not compile."""
    command = ["cargo", "test", "--quiet", "--offline", *test.split()]
    try:
        build = subprocess.run([*command, "--no-run"], cwd=copy, capture_output=True, check=False)
        if build.returncode:
            return "no Rust"
        done = subprocess.run(command, cwd=copy, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return "failed"
    return "failed" if done.returncode else "passed"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--package", required=True)
    parser.add_argument("--files", action="append", required=True)
    parser.add_argument("--test", action="append", required=True)
    parser.add_argument("--only", default="0/1", help="every Mth change, from the Nth on")
    parser.add_argument("--limit", type=int, default=10**6)
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    root = pathlib.Path(__file__).resolve().parent.parent
    first, step = map(int, arguments.only.split("/"))
    paths = sorted(path for pattern in arguments.files for path in root.glob(pattern))
    changes = [(path.relative_to(root), *change) for path in paths for change in mutants(path) if path.name != "tests.rs"]
    changes = changes[first::step][: arguments.limit]
    if arguments.list:
        for path, number, line in changes:
            print(f"{path}:{number + 1}: {line.strip() or 'left out'}")
        return print(f"{len(changes)} changes")
    copy = root / "target" / "mutants"
    copy.mkdir(parents=True, exist_ok=True)
    ignore = shutil.ignore_patterns("target", ".git", "corpus")
    shutil.copytree(root, copy, ignore=ignore, dirs_exist_ok=True)
    for test in arguments.test:
        if run(test, copy, 600) != "passed":
            sys.exit(f"error: without a change, this fails: cargo test {test}")
    counts = {"noticed": 0, "no Rust": 0, "missed": 0}
    for path, number, line in changes:
        original = (copy / path).read_text(encoding="utf-8")
        lines = original.splitlines(keepends=True)
        lines[number] = line + "\n"
        (copy / path).write_text("".join(lines), encoding="utf-8")
        results = [run(arguments.test[0], copy, 60)]
        for test in arguments.test[1:]:
            if results[-1] == "passed":
                results.append(run(test, copy, 60))
        (copy / path).write_text(original, encoding="utf-8")
        result = {"passed": "missed", "failed": "noticed"}.get(results[-1], results[-1])
        counts[result] += 1
        if result == "missed":
            print(f"missed: {path}:{number + 1}: {line.strip() or 'left out'}", flush=True)
    judged = counts["noticed"] + counts["missed"]
    share = 100 * counts["noticed"] / judged if judged else 0.0
    print(f"{judged} changes, {counts['noticed']} noticed: {share:.1f} %; {counts['no Rust']} more are no Rust")
    if share < 95:
        sys.exit("error: fewer than 95 % are noticed")


if __name__ == "__main__":
    main()
