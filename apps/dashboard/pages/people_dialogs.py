"""Questions that the pages about people ask, and the links that they show once."""

from __future__ import annotations

from apps.dashboard import words
from apps.dashboard.components.dialogs import dialog
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import select_field, text_field
from apps.dashboard.components.once import once_dialog
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.account_words import ROLE_WORDS
from nntracker_ray.accounts.names import LONGEST_FULL_NAME, LONGEST_NAME, NAME_RULE
from nntracker_ray.accounts.roles import Role


def new_account_dialog(wrong: str = "") -> Tree:
    """Somebody gets an account; they set the password themselves."""
    return dialog(
        "New account",
        text_field("name", "Name", hint=NAME_RULE, wrong=wrong, maxlength=LONGEST_NAME, required=True),
        text_field("full_name", "Full name", maxlength=LONGEST_FULL_NAME),
        _role_field(Role.USER),
        h("p", "You get a link that signs them in once; they then set a password.", cls="about"),
        act="make-account",
        confirm="Make the account",
    )


def new_invitation_dialog(wrong: str = "") -> Tree:
    """Somebody may register, once."""
    return dialog(
        "Invite somebody",
        h("p", "You get a link by which one person makes an account, within a week.", cls="about"),
        _role_field(Role.USER),
        act="make-invitation",
        confirm="Make the link",
        wrong=wrong,
    )


def link_dialog(name: str, secret: str) -> Tree:
    """The link that signs somebody in, this once."""
    return once_dialog(
        f"A sign-in link for {name}",
        h("p", "It works once, within a quarter of an hour. Give it to them in a way that you trust."),
        label="Sign-in link",
        place=f"/welcome#{secret}",
    )


def invitation_dialog(role: Role, secret: str) -> Tree:
    """The link by which somebody registers, this once."""
    return once_dialog(
        f"An invitation for a new {role}",
        h("p", "One person can use it, within a week. Give it to them in a way that you trust."),
        label="Invitation",
        place=f"/register#{secret}",
    )


def role_dialog(name: str, role: Role, wrong: str = "") -> Tree:
    """Another role for somebody."""
    return dialog(
        f"The role of {name}",
        _role_field(role),
        h("p", f"{name} is signed out everywhere and signs in again with the new role.", cls="about"),
        act="set-role",
        confirm="Change the role",
        wrong=wrong,
    )


def disable_dialog(name: str) -> Tree:
    """Says what stops and what goes on."""
    return dialog(
        f"Disable {name}?",
        h(
            "ul",
            h("li", "They are signed out everywhere at once and cannot sign in."),
            h("li", "Their API tokens stop working."),
            h("li", "Their runs go on; their experiments stay."),
        ),
        h("p", "The account can be enabled again.", cls="about"),
        act="disable-for-now",
        confirm=f"Disable {name}",
        danger=True,
    )


def delete_dialog(name: str, experiments: int, wrong: str = "") -> Tree:
    """Says what becomes of what they have."""
    return dialog(
        f"Delete {name}?",
        h("p", "Sessions, tokens and shares of the account are lost. This cannot be undone."),
        _heirs(name, experiments) if experiments else h("p", "It has no experiments."),
        act="delete-for-good",
        confirm=f"Delete {name}",
        danger=True,
        wrong=wrong,
    )


def _heirs(name: str, experiments: int) -> Tree:
    what = "experiment" if experiments == 1 else words.plural(experiments, "experiment")
    return h(
        "fieldset",
        h("legend", f"Who gets the {what} of {name}?"),
        h(
            "ul",
            _choice("me", "I do", checked=True),
            _choice("somebody", "somebody else:", checked=False),
            cls="bare",
        ),
        text_field("heir_name", "Their name", maxlength=LONGEST_NAME, autocomplete="off"),
    )


def _choice(value: str, text: str, *, checked: bool) -> Tree:
    box = h("input", type="radio", name="heir", value=value, checked=checked)
    return h("li", h("label", box, h("span", text), cls="check"))


def _role_field(role: Role) -> Tree:
    options = [(one.value, f"{one}: {ROLE_WORDS[one]}") for one in Role]
    return select_field("role", "Role", options, role.value)
