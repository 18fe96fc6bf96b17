"""Questions that one's own account asks, and the token that it shows once."""

from __future__ import annotations

from apps.dashboard.components.dialogs import dialog
from apps.dashboard.components.elements import h
from apps.dashboard.components.fields import checkbox, select_field, text_field
from apps.dashboard.components.once import once_dialog
from apps.dashboard.components.trees import Tree
from apps.dashboard.pages.account_words import SCOPE_WORDS
from nntracker_ray.accounts.own_account import LONGEST_TOKEN_NAME, NewToken
from nntracker_ray.accounts.roles import Role, Scope

LIFETIMES = (("7", "a week"), ("30", "30 days"), ("90", "90 days"), ("365", "a year"))


def new_token_dialog(role: Role, wrong: str = "") -> Tree:
    """What a token is for, what it may, and how long."""
    offered = [scope for scope in Scope if scope is not Scope.ADMINISTER or role.allows(Role.ADMINISTRATOR)]
    boxes = [
        h(
            "li",
            checkbox(
                h("span", h("b", scope), f": {SCOPE_WORDS[scope]}"),
                checked=scope is Scope.READ,
                name="scopes",
                value=scope,
            ),
        )
        for scope in offered
    ]
    return dialog(
        "New API token",
        text_field(
            "name",
            "What is it for?",
            placeholder="nightly script on the cluster",
            maxlength=LONGEST_TOKEN_NAME,
            required=True,
        ),
        h("fieldset", h("legend", "It may"), h("ul", *boxes, cls="bare")),
        select_field("days", "It works for", LIFETIMES, "90"),
        act="make-token",
        confirm="Make the token",
        wrong=wrong,
    )


def token_made_dialog(name: str, made: NewToken) -> Tree:
    """The token, this once."""
    use = h("pre", h("code", "Authorization: Bearer nnt_…"))
    return once_dialog(
        f"The token for {name}",
        h("p", f"It works until {made.expires_at:%Y-%m-%d}. Scripts send it with each request:"),
        use,
        label="Token",
        text=made.token,
    )


def revoke_token_dialog(name: str, token_id: str) -> Tree:
    """Says what stops."""
    return dialog(
        f"Revoke the token for {name}?",
        h("p", "Whatever uses it stops working at once. This cannot be undone; a new token can be made."),
        act="revoke-for-good",
        value=token_id,
        confirm="Revoke the token",
        danger=True,
    )
