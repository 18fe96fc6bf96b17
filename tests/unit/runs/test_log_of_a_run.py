"""What a worker process says while it trains a run becomes lines of that run, within limits."""

from __future__ import annotations

import logging
import sys
import threading
import warnings

from nntracker_ray.records import LogLine
from nntracker_ray.run_log import CHARACTERS_AT_MOST, RunLog, told


def test_prints_warnings_and_logs_become_lines_and_still_go_where_they_went(capsys):
    """A person who looks at the run reads what its author printed; Ray's own log loses nothing."""
    lines: list[LogLine] = []

    with told(RunLog(lines.append)):
        print("one\ntwo")
        print("half a line", end="", file=sys.stderr)
        warnings.warn("no improvement", stacklevel=1)
        logging.getLogger("keras").warning("slow %s", "input")
        logging.getLogger("keras").debug("noise")

    said = [(line.source, line.level, line.text) for line in lines]
    assert said[:2] == [("stdout", "", "one"), ("stdout", "", "two")]
    assert said[2][0] == "warning"
    assert said[2][2].startswith("UserWarning: no improvement (")
    assert said[3:] == [("log", "WARNING", "slow input"), ("stderr", "", "half a line")]
    assert [line.line_no for line in lines] == [0, 1, 2, 3, 4]
    assert capsys.readouterr().out == "one\ntwo\n"


def test_nothing_is_taken_down_after_the_run(capsys):
    """The next run of the process has a log of its own."""
    lines: list[LogLine] = []
    before = sys.stdout, sys.stderr, list(logging.getLogger().handlers), warnings.showwarning

    with told(RunLog(lines.append)):
        pass
    print("later")

    assert lines == []
    assert (sys.stdout, sys.stderr, list(logging.getLogger().handlers), warnings.showwarning) == before
    assert capsys.readouterr().out == "later\n"


def test_each_run_of_a_process_is_warned():
    """Python shows a warning once for each place in the code; a second run would seem to be in order."""
    taken: list[list[LogLine]] = []
    for _ in range(2):
        lines: list[LogLine] = []
        with told(RunLog(lines.append)):
            warnings.warn("the same", stacklevel=1)
        taken.append(lines)

    assert [len(lines) for lines in taken] == [1, 1]


def test_a_flood_ends_with_one_line_that_says_so():
    """A print in a training loop must not fill the database."""
    lines: list[LogLine] = []
    log = RunLog(lines.append, lines_at_most=3)

    for number in range(10):
        log.line("stdout", f"line {number}")

    assert [line.text for line in lines[:3]] == ["line 0", "line 1", "line 2"]
    assert len(lines) == 4
    assert "3 lines are kept" in lines[3].text


def test_a_line_is_cut_and_cleaned_of_what_the_database_refuses():
    """A zero byte in a text would refuse the whole batch."""
    lines: list[LogLine] = []

    RunLog(lines.append).line("stdout", "a\0b" + "x" * 5000)

    assert lines[0].text.startswith("a\N{REPLACEMENT CHARACTER}b")
    assert len(lines[0].text) == CHARACTERS_AT_MOST


def test_of_a_progress_bar_the_last_state_is_kept():
    """It rewrites its line a thousand times."""
    lines: list[LogLine] = []

    with told(RunLog(lines.append)):
        sys.stdout.write("1/3\r2/3\r3/3\n")

    assert [line.text for line in lines] == ["3/3"]


def test_a_sink_that_fails_and_complains_is_no_circle():
    """What recording a line logs, prints or raises must not become another line, nor reach the training."""

    def complaining(line: LogLine) -> None:
        logging.getLogger("somewhere").error("cannot keep %s", line.text)
        print("cannot keep it", file=sys.stderr)
        raise RuntimeError("full")

    with told(RunLog(complaining)):
        print("a line")
        logging.getLogger("nntracker_ray.delivery").warning("the database is away")


def test_lines_of_many_threads_have_numbers_of_their_own():
    """Trainings print from helper threads as well; two lines with one number would be one row."""
    lines: list[LogLine] = []
    log = RunLog(lines.append)

    def say() -> None:
        for number in range(200):
            log.line("stdout", str(number))

    threads = [threading.Thread(target=say) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(line.line_no for line in lines) == list(range(800))
