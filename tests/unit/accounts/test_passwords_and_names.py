"""Which names and passwords are taken, and what is kept of a password."""

from __future__ import annotations

import pytest

from nntracker_ray.accounts.names import checked_full_name, checked_name
from nntracker_ray.accounts.passwords import check_password, hash_password, is_password, needs_rehash
from nntracker_ray.accounts.roles import Role, read_role
from nntracker_ray.errors import BadInputError

GOOD = "violet tractor under seven clouds"


class TestPasswords:
    @pytest.mark.parametrize(
        "password",
        [GOOD, "x9$Lq!v2Rt#m8Zw", "eine Wiese voller Zahnräder", "日本語のとても長い合い言葉です、はい"],
    )
    def test_long_and_unguessable_ones_are_taken(self, password: str):
        """No rule asks for a digit or a sign: length is what helps (NIST SP 800-63B-4)."""
        check_password(password)

    @pytest.mark.parametrize(
        ("password", "why"),
        [
            ("Tr0ub4dor&3", "15 characters, 11 came"),
            ("passwordpassword", "easily guessed"),
            ("aaaaaaaaaaaaaaaaaaaa", "easily guessed"),
            ("123456789012345678", "easily guessed"),
            ("qwertyuiopasdfghjkl", "easily guessed"),
            ("adalovelace-ada", "easily guessed"),
            ("x" * 257, "256 characters, 257 came"),
        ],
    )
    def test_others_are_refused_and_not_repeated(self, password: str, why: str):
        """A message ends up in logs and on screens: it says what is wrong, never what was typed."""
        with pytest.raises(BadInputError, match=why) as refused:
            check_password(password, about=("adalovelace", "Ada"))

        assert password not in str(refused.value)

    def test_a_hash_knows_its_password_and_no_other(self):
        """Argon2id with a salt: the same password twice gives two texts."""
        stored = hash_password(GOOD)

        assert stored.startswith("$argon2id$")
        assert stored != hash_password(GOOD)
        assert is_password(GOOD, stored)
        assert not is_password(GOOD + " ", stored)
        assert not needs_rehash(stored)

    @pytest.mark.parametrize("stored", [None, "", "not a hash", "$argon2id$v=19$m=65536,t=3,p=4$short"])
    def test_without_a_good_hash_nothing_is_the_password(self, stored):
        """An unknown account, or one that signs in by link alone, takes as long and is refused."""
        assert not is_password(GOOD, stored)

    def test_a_weaker_hash_is_made_anew(self):
        """What was enough some years ago is replaced when its owner signs in."""
        from argon2 import PasswordHasher

        assert needs_rehash(PasswordHasher(time_cost=1, memory_cost=8192).hash(GOOD))


class TestNames:
    @pytest.mark.parametrize("name", ["a", "ada", "Ada.L-1_2", "ada@example.org", "x" * 60])
    def test_plain_names_are_taken(self, name: str):
        """They stand in addresses, files and commands."""
        assert checked_name(name) == name

    @pytest.mark.parametrize(
        "name",
        ["", " ada", "ada ", "-rf", "a b", "ada\n", "<b>", "../x", "\u0430d\u0430", "x" * 61, "a/b", "a'--"],
    )
    def test_others_are_refused(self, name: str):
        """Also letters that only look like others: the second "ada" would be Cyrillic."""
        with pytest.raises(BadInputError, match="allowed"):
            checked_name(name)

    def test_a_full_name_may_be_in_any_script(self):
        """People are called as they are called."""
        assert checked_full_name("  Дарья Ó Súilleabháin 王 ") == "Дарья Ó Súilleabháin 王"
        for wrong in ("x" * 101, "a\x00b", "a\u202eb"):
            with pytest.raises(BadInputError):
                checked_full_name(wrong)


class TestRoles:
    def test_each_role_allows_what_those_before_it_do(self):
        """One line, no exceptions: anybody can tell what a role may do."""
        order = [Role.VIEWER, Role.USER, Role.CODE, Role.ADMINISTRATOR]

        for i, have in enumerate(order):
            assert [have.allows(need) for need in order] == [j <= i for j in range(4)]

    def test_an_unknown_role_is_refused_with_the_nearest(self):
        """A slip in a command line."""
        with pytest.raises(BadInputError, match="administrator"):
            read_role("administator")
