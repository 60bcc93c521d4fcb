"""Commands of a page: those that a reader would type, character by character; not what the machine answered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.remembered import CommandRisk
from memory.commands import commands_in


def texts(page: str) -> list[str]:
    return [command.text for command in commands_in(page)]


def fenced(body: str, language: str = "") -> str:
    return f"# Page\n\nDo this:\n\n```{language}\n{body}\n```\n"


def test_a_session_gives_what_stands_behind_the_prompts() -> None:
    body = "$ kubectl get pods\nNAME   READY\nweb-1  1/1\nana@web-1:~$ sudo df -h\nroot@web-1:/var# ls"
    assert texts(fenced(body)) == ["kubectl get pods", "sudo df -h", "ls"]


@pytest.mark.parametrize(
    ("line", "command", "language"),
    [
        ("shop=# select 1;", "select 1;", "sql"),
        ("mysql> show processlist;", "show processlist;", "sql"),
        ("127.0.0.1:6379> client list", "client list", "redis"),
        ("irb(main):001:0> User.find(1).destroy", "User.find(1).destroy", "ruby"),
        ("web-1.shop.example:~$ uptime", "uptime", "sh"),
    ],
)
def test_each_console_has_its_own_language(line: str, command: str, language: str) -> None:
    (found,) = commands_in(fenced(f"{line}\n(1 row)", "shell"))
    assert (found.text, found.language) == (command, language)


def test_lines_that_belong_together_stay_together() -> None:
    body = (
        "kubectl get pods \\\n  -n shop\n"
        "for f in *.yml; do\n  kubectl apply -f $f\ndone\n"
        "cat <<EOF | sh\nrm x\nEOF\n"
        "echo 'two\nlines'"
    )
    assert texts(fenced(body, "bash")) == [
        "kubectl get pods \\\n  -n shop",
        "for f in *.yml; do\n  kubectl apply -f $f\ndone",
        "cat <<EOF | sh\nrm x\nEOF",
        "echo 'two\nlines'",
    ]


def test_comments_output_and_data_are_no_commands() -> None:
    assert texts(fenced("# stop it first\nNAME READY STATUS\nweb-1 1/1 Running")) == []
    assert texts(fenced('{"a": 1}', "json")) == []
    assert texts(fenced("kind: Pod", "yaml")) == []
    assert texts("Just prose about kubectl.") == []


def test_a_block_that_names_no_language_gives_what_looks_typed() -> None:
    body = "kubectl get pods\n/opt/tool/run --all\nEvents:\n  Type    Reason"
    assert texts(fenced(body)) == ["kubectl get pods", "/opt/tool/run --all"]


def test_indented_blocks_and_short_ones_in_a_sentence_count() -> None:
    page = "Run `kubectl delete pod <pod>` or:\n\n    systemctl restart nginx\n\n`status` and `Create Job` do not."
    found = commands_in(page)
    assert [command.text for command in found] == ["kubectl delete pod <pod>", "systemctl restart nginx"]
    assert found[0].placeholders == ("<pod>",)
    assert all(command.risk is CommandRisk.MUTATING for command in found)


def test_a_command_over_two_lines_of_a_sentence_is_one_command() -> None:
    assert texts("See `kubectl\nget pods -n shop`.") == ["kubectl get pods -n shop"]
    assert texts("* `gcloud kms encrypt \\\n    --key a`") == ["gcloud kms encrypt \\\n  --key a"]


def test_statements_of_sql_are_told_apart() -> None:
    body = "-- who waits\nselect * from pg_locks;\nselect 'a;b';\ndrop index a;"
    risks = [(command.text, command.risk) for command in commands_in(fenced(body, "sql"))]
    assert [risk for _, risk in risks] == [CommandRisk.READ, CommandRisk.READ, CommandRisk.MUTATING]
    assert risks[1][0] == "select 'a;b'"


def test_the_line_is_that_of_the_page() -> None:
    (found,) = commands_in(fenced("\nkubectl get pods", "sh"))
    assert found.line == 7


def test_what_comes_from_a_page_keeps_its_placeholders() -> None:
    (found,) = commands_in(fenced("kubectl -n $NAMESPACE logs <pod> --since={{ span }}", "sh"))
    assert found.placeholders == ("$NAMESPACE", "<pod>", "{{ span }}")


@given(st.text(max_size=500))
def test_any_page_can_be_read(page: str) -> None:
    for command in commands_in(page):
        assert command.text.strip()


@given(st.text(alphabet="$#`'\"\\|&;<>(){} \nabkubectl-", max_size=120))
def test_any_block_can_be_read(body: str) -> None:
    commands_in(fenced(body, "sh"))
