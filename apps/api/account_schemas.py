"""What the REST interface takes and answers about accounts, tokens, sessions, invitations and settings."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from nntracker_ray.accounts.names import NAME_RULE
from nntracker_ray.accounts.quota import GREATEST_GB
from nntracker_ray.accounts.registration import Registration
from nntracker_ray.accounts.roles import Role, Scope


class MeOut(BaseModel):
    """The account that asks."""

    user_id: UUID | None = Field(description="null for a visitor by a share link")
    name: str
    full_name: str = ""
    role: Role
    scopes: list[Scope] = Field(description="what the session or token may be used for")
    has_password: bool = False
    experiment_id: UUID | None = Field(None, description="what a share link shows")


class ProfileIn(BaseModel, extra="forbid"):
    """What to change of one's own account; null leaves a value as it is."""

    name: str | None = Field(None, max_length=100, description=NAME_RULE)
    full_name: str | None = Field(None, max_length=200)


class PasswordIn(BaseModel, extra="forbid"):
    """A change of password."""

    old: str | None = Field(None, max_length=300, description="the one until now; null if there is none")
    new: str = Field(min_length=1, max_length=300)


class ConfirmationIn(BaseModel, extra="forbid"):
    """One's password again, before something that an open screen must not be enough for."""

    password: str = Field(min_length=1, max_length=300)


class SessionOut(BaseModel):
    """A place where the account is signed in."""

    session_id: UUID
    is_this: bool = Field(description="whether the request came through it")
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    address: str
    agent: str = Field(description="what the browser says of itself")


class SessionList(BaseModel):
    """Where the account is signed in."""

    sessions: list[SessionOut]


class TokenIn(BaseModel, extra="forbid"):
    """A new API token."""

    name: str = Field(min_length=1, max_length=100, description="what it is for")
    scopes: list[Scope] = Field(default=[Scope.READ], min_length=1, max_length=3)
    days: int = Field(90, ge=1, le=366, description="how long it lives")


class TokenOut(BaseModel):
    """An API token in a list."""

    token_id: UUID
    name: str
    start: str = Field(description="its first characters, to tell tokens apart")
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    seen_at: datetime | None = Field(description="when it was used last, to the minute")


class TokenList(BaseModel):
    """The account's API tokens."""

    tokens: list[TokenOut]


class NewTokenOut(BaseModel):
    """A new token: this is the one time that it can be read."""

    token_id: UUID
    token: str
    expires_at: datetime


class UserIn(BaseModel, extra="forbid"):
    """An account that an administrator makes."""

    name: str = Field(max_length=100, description=NAME_RULE)
    full_name: str = Field("", max_length=200)
    role: Role = Role.USER


class UserOut(BaseModel):
    """An account as administrators see it."""

    user_id: UUID
    name: str
    full_name: str
    role: Role
    is_local: bool
    created_at: datetime
    seen_at: datetime | None
    disabled_at: datetime | None
    has_password: bool
    runs: int
    at_work: int
    finished: int
    cpu: float = Field(description="cores held by runs at work")
    gpu: float = Field(description="GPUs, likewise")


class UserList(BaseModel):
    """A page of accounts."""

    total: int
    users: list[UserOut]


class UserChange(BaseModel, extra="forbid"):
    """What to change of an account; null leaves a value as it is."""

    role: Role | None = None
    disabled: bool | None = None


class LoginLinkOut(BaseModel):
    """A link that opens the account once, within a quarter of an hour."""

    user_id: UUID
    link: str


class InvitationIn(BaseModel, extra="forbid"):
    """An invitation for one person."""

    role: Role = Role.USER


class NewInvitationOut(BaseModel):
    """A new invitation: this is the one time that its link can be read."""

    invitation_id: UUID
    link: str


class InvitationOut(BaseModel):
    """An invitation that can still be used."""

    invitation_id: UUID
    role: Role
    by: str
    created_at: datetime
    expires_at: datetime


class InvitationList(BaseModel):
    """Invitations that can still be used."""

    invitations: list[InvitationOut]


class Settings(BaseModel, extra="forbid"):
    """What administrators decide for the whole platform."""

    registration: Registration
    upload_quota_gb: float | None = Field(
        None, ge=0, le=GREATEST_GB, description="what an account's uploads may take; left out: as it is"
    )


class AuditOut(BaseModel):
    """Something that somebody has done."""

    no: int
    time: datetime
    user_id: UUID | None
    by: str
    action: str
    subject: str
    details: str
    address: str


class AuditList(BaseModel):
    """A page of the audit log, the newest first; `next` is the `before` of the page after it."""

    entries: list[AuditOut]
    next: int | None


class ShareIn(BaseModel, extra="forbid"):
    """Whom to share an experiment with."""

    name: str = Field(max_length=100, description="of the account")
    may: Literal["see", "act"] = Field("see", description="act: pause, resume, stop, fork ... as well")


class ShareOut(BaseModel):
    """An account that an experiment is shared with."""

    user_id: UUID
    name: str
    full_name: str
    may: Literal["see", "act"]
    by: str
    created_at: datetime


class ShareList(BaseModel):
    """Whom an experiment is shared with."""

    shares: list[ShareOut]


class ShareLinkIn(BaseModel, extra="forbid"):
    """A read-only link to an experiment."""

    days: int = Field(7, ge=1, le=366, description="how long it opens")


class NewShareLinkOut(BaseModel):
    """A new link: this is the one time that it can be read."""

    link_id: UUID
    link: str
    expires_at: datetime


class ShareLinkOut(BaseModel):
    """A read-only link that still opens an experiment."""

    link_id: UUID
    by: str
    created_at: datetime
    expires_at: datetime


class ShareLinkList(BaseModel):
    """Links that still open an experiment."""

    links: list[ShareLinkOut]
