"""The safety stop and the retention in a site's policy file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from cmdb.errors import Invalid
from cmdb.observation import ScopeKind
from cmdb.reconcile.policy_file import read_limits
from cmdb.reconcile.safety import Limit, Safety, ScopeLimit


def _file(folder: Path, text: str) -> Path:
    file = folder / "policy.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_limits_by_scope_and_the_retention_are_read(tmp_path: Path) -> None:
    text = """\
safety:
  share: 0.2
  scopes:
    - {cidr: 10.20.0.0/16, share: 0.5, count: 50}
    - {class: container, share: 1.0, count: 0}
    - {kind: subnet, count: 3}
retention: 730 d
"""
    safety, retention = read_limits(_file(tmp_path, text))
    assert safety == Safety(
        limit=Limit(share=0.2, count=5),
        scopes=(
            ScopeLimit(cidr="10.20.0.0/16", limit=Limit(share=0.5, count=50)),
            ScopeLimit(name="container", limit=Limit(share=1.0, count=0)),
            ScopeLimit(kind=ScopeKind.SUBNET, limit=Limit(share=0.1, count=3)),
        ),
    )
    assert retention == dt.timedelta(days=730)


def test_without_a_word_the_limits_are_a_tenth_and_five_and_the_retention_a_year(tmp_path: Path) -> None:
    read = read_limits(_file(tmp_path, "rules: []\n"))
    assert read == (Safety(limit=Limit(share=0.1, count=5)), dt.timedelta(days=365))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("safety: {share: 1.5}\n", "share"),
        ("safety: {shares: 0.5}\n", "did you mean share"),
        ("safety:\n  scopes:\n    - {cidr: nowhere}\n", "cidr"),
        ("safety:\n  scopes:\n    - {clas: disk}\n", "did you mean class"),
        ("retention: 2 years\n", "retention"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        read_limits(_file(tmp_path, text))
