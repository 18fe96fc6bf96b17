"""The rule of the queue, played out without a database: who gets the hardware when everybody wants it."""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntracker_ray.fair_share import Patience, Sharer, Waiting, choose, too_large
from nntracker_ray.machines import Machine, rooms_left

ANN, BEN, CAT = UUID(int=1), UUID(int=2), UUID(int=3)


@dataclass
class Player:
    """A user of the game, with one kind of run."""

    sharer: Sharer
    waiting: int = 10**6
    cpu: float = 1.0
    gpu: float = 0.0
    lasts: Callable[[random.Random], float] = field(default=lambda rng: 1.0)
    run_id: UUID = field(default_factory=uuid4)  # of the first in line

    def first(self) -> Waiting:
        return Waiting(self.sharer, self.run_id, (1, 0, 1, 0, 1), self.cpu, self.gpu)


class Game:
    """A cluster and its users; time passes only when nothing more can be started."""

    def __init__(self, players: list[Player], *machines: Machine, patience: float = 600.0) -> None:
        self.players = {player.sharer.user_id: player for player in players}
        self.machines, self.clock, self.now = machines, 0.0, 0.0
        self.at_work: list[tuple[float, int, UUID, Machine]] = []
        self.started: list[UUID] = []
        self.hours: Counter[UUID] = Counter()
        self.patience, self.rng = Patience(limit_s=patience), random.Random(0)  # noqa: S311

    def play(self, starts: int) -> list[UUID]:
        """Whose runs were started, in order."""
        while len(self.started) < starts and (self._start() or self.at_work):
            if not self._start_is_possible:
                self._end_one()
        return self.started

    def _start(self) -> bool:
        line = [player.first() for player in self.players.values() if player.waiting]
        rooms = rooms_left(self.machines, [part for *_, part in self.at_work])
        overdue = self.patience.overdue({one.run_id for one in line}, now_s=self.now)
        verdict = choose(line, rooms, clock=self.clock, overdue=overdue)
        if verdict.passed_over:
            self.patience.note(verdict.passed_over, now_s=self.now)
        choice = verdict.choice
        self._start_is_possible = choice is not None
        if choice is None:
            return False
        player = self.players[choice.waiting.owner.user_id]
        self.clock = max(self.clock, choice.virtual_start)
        self._count(player, +1, virtual_time=choice.virtual_time)
        player.waiting -= 1
        player.run_id = uuid4()
        lasts = player.lasts(self.rng)
        self.hours[player.sharer.user_id] += lasts * max(player.cpu, player.gpu)
        part = choice.room.free.part(player.cpu, player.gpu)
        entry = (self.now + lasts, len(self.started), player.sharer.user_id, part)
        heapq.heappush(self.at_work, entry)
        self.started.append(player.sharer.user_id)
        return True

    def _end_one(self) -> None:
        self.now, _, user_id, _ = heapq.heappop(self.at_work)
        self._count(self.players[user_id], -1)

    def _count(self, player: Player, one: int, **changed: float) -> None:
        now = player.sharer
        player.sharer = replace(
            now,
            running=now.running + one,
            cpu=now.cpu + one * player.cpu,
            gpu=now.gpu + one * player.gpu,
            **changed,
        )


def cores(count: float) -> Machine:
    return Machine.of("machine", count)


class TestShares:
    @pytest.mark.parametrize("slots", [1, 2, 3, 4, 5, 6, 7, 8, 12, 24])
    def test_weights_1_2_3_get_1_2_3_runs_after_any_number_of_starts(self, slots: int):
        """Whenever somebody looks, everybody has had what is due to within one run, on however many cores."""
        players = [Player(Sharer(user, weight)) for user, weight in ((ANN, 1), (BEN, 2), (CAT, 3))]

        started = Game(players, cores(slots)).play(600)

        had: Counter[UUID] = Counter()
        for starts, user in enumerate(started, 1):
            had[user] += 1
            for owner, weight in ((ANN, 1), (BEN, 2), (CAT, 3)):
                assert abs(had[owner] - starts * weight / 6) <= 1.0 + 1e-9

    @pytest.mark.parametrize("slots", [2, 4, 8])
    def test_long_runs_get_no_more_hardware_than_short_ones(self, slots: int):
        """What counts is the hardware in use now: ten short runs for each long one, half of the cores each."""
        long = Player(Sharer(ANN), lasts=lambda rng: 10.0)
        short = Player(Sharer(BEN))

        game = Game([long, short], cores(slots))
        game.play(2000)

        assert 0.47 < game.hours[ANN] / game.hours.total() < 0.53

    def test_a_newcomer_is_next_and_then_in_turn(self):
        """Somebody who was away for weeks neither waits behind everything nor gets paid for the weeks."""
        ann, ben, cat = (Player(Sharer(user)) for user in (ANN, BEN, CAT))
        cat.waiting = 0
        game = Game([ann, ben, cat], cores(1))
        game.play(300)

        cat.waiting = 1000
        since = game.play(390)[300:]

        assert CAT in since[:2]
        assert 29 <= Counter(since)[CAT] <= 31

    def test_a_heavy_weight_leaves_something_to_the_light(self):
        """100 : 1 : 1 is a share, not a privilege."""
        players = [Player(Sharer(user, weight)) for user, weight in ((ANN, 100), (BEN, 1), (CAT, 1))]

        started = Counter(Game(players, cores(2)).play(1020))

        assert started == {ANN: 1000, BEN: 10, CAT: 10}

    def test_gpus_count_where_they_are_scarcer(self):
        """Who holds half of the GPUs has half of the hardware, however few cores go with them."""
        gpu_user = Sharer(ANN, cpu=1.0, gpu=1.0)
        core_user = Sharer(BEN, cpu=4.0)
        machine = Machine.of("machine", 16.0, 2.0)
        room = rooms_left([machine], [Machine.of("machine", 5.0, 1.0)])
        line = [waiting(gpu_user, cpu=1.0, gpu=0.0), waiting(core_user, cpu=1.0)]

        choice = choose(line, room).choice

        assert choice is not None
        assert choice.waiting.owner == core_user

    def test_who_has_as_many_at_work_as_allowed_is_passed_over(self):
        """The limit holds although everything is free."""
        ann = waiting(Sharer(ANN, max_running=2, running=2, cpu=2.0))
        ben = waiting(Sharer(BEN, running=5, cpu=5.0))
        idle = rooms_left([cores(16)], [])

        choice = choose([ann, ben], idle).choice

        assert choice is not None
        assert choice.waiting == ben
        assert choose([ann], idle).choice is None


def waiting(owner: Sharer, *, cpu: float = 1.0, gpu: float = 0.0, position: int = 0) -> Waiting:
    return Waiting(owner, uuid4(), (1, 0, 1, position, position), cpu, gpu)


class TestLargeRuns:
    def test_what_fits_goes_first_for_ten_minutes_and_then_makes_room(self):
        """A run of all cores beside an endless stream of small ones: it waits, but not for ever."""
        small = Player(Sharer(ANN), lasts=lambda rng: rng.uniform(50.0, 70.0))
        large = Player(Sharer(BEN), cpu=4.0, waiting=0)
        game = Game([small, large], cores(4))
        game.play(4)
        large.waiting = 1

        game.play(200)

        before = game.started.index(BEN)
        assert 40 <= before <= 60  # 600 s of four cores, a minute each, and then nothing until they are free

    def test_while_a_run_is_overdue_what_takes_nothing_from_it_still_starts(self):
        """It waits for a GPU; the cores that it does not need are for everybody."""
        overdue = waiting(Sharer(ANN), cpu=1.0, gpu=1.0)
        harmless, harmful = waiting(Sharer(BEN), cpu=2.0), waiting(Sharer(CAT), cpu=4.0)
        room = rooms_left([Machine.of("m", 8.0, 1.0)], [Machine("m", 4.0, (0.5,))])

        with_harmless = choose([overdue, harmless], room, overdue=overdue.run_id).choice
        with_harmful = choose([overdue, harmful], room, overdue=overdue.run_id).choice

        assert with_harmless is not None
        assert with_harmless.waiting == harmless
        assert with_harmful is None

    def test_an_overdue_run_holds_back_only_machines_that_are_large_enough(self):
        """A small machine of the cluster is of no use to it."""
        overdue, small = waiting(Sharer(ANN), cpu=8.0), waiting(Sharer(BEN))
        machines = [Machine.of("large", 8.0), Machine.of("small", 2.0)]
        large_is_used_up = rooms_left(machines, [Machine.of("large", 8.0)])

        choice = choose([overdue, small], large_is_used_up, overdue=overdue.run_id).choice

        assert choice is not None
        assert choice.room.whole.name == "small"

    def test_a_run_larger_than_every_machine_keeps_nobody_waiting(self):
        """Four cores here and four there are not eight."""
        large, small = waiting(Sharer(ANN), cpu=8.0), waiting(Sharer(BEN, cpu=1.0, running=1))
        rooms = rooms_left([Machine.of("a", 4.0), Machine.of("b", 4.0)], [])

        verdict = choose([large, small], rooms, overdue=large.run_id)

        assert verdict.choice is not None
        assert verdict.choice.waiting == small
        assert verdict.passed_over is None
        assert too_large([large, small], rooms) == [large]

    def test_patience_counts_from_the_first_time_and_forgets_what_no_longer_waits(self):
        """A run that was started, and comes back, begins to wait anew."""
        patience, run_id = Patience(limit_s=600.0), uuid4()
        patience.note(run_id, now_s=0.0)
        patience.note(run_id, now_s=500.0)

        assert patience.overdue({run_id}, now_s=599.0) is None
        assert patience.overdue({run_id}, now_s=600.0) == run_id
        assert patience.overdue(set(), now_s=601.0) is None
        assert patience.overdue({run_id}, now_s=602.0) is None


def test_of_a_users_runs_the_first_in_rank_goes_whatever_its_size():
    """Within a user only the user's own order counts: resumed, priority, age."""
    owner = Sharer(ANN)
    line = [waiting(owner, cpu=0.5, position=1), waiting(owner, cpu=2.0, position=0)]

    choice = choose(line, rooms_left([cores(4)], [])).choice

    assert choice is not None
    assert choice.waiting == line[1]


@settings(max_examples=15, deadline=None)
@given(
    weights=st.lists(st.sampled_from([0.5, 1.0, 2.0]), min_size=2, max_size=5),
    sizes=st.lists(st.sampled_from([0.5, 1.0, 2.0, 4.0]), min_size=5, max_size=5),
    lengths=st.lists(st.sampled_from([1.0, 3.0, 10.0]), min_size=5, max_size=5),
    slots=st.sampled_from([4.0, 5.0, 8.0]),
)
def test_nobody_starves(weights: list[float], sizes: list[float], lengths: list[float], slots: float):
    """Whatever the weights, sizes and lengths: each who waits is served again and again."""
    players = [
        Player(Sharer(UUID(int=i + 1), weight), cpu=size, lasts=lambda rng, length=length: length)
        for i, (weight, size, length) in enumerate(zip(weights, sizes, lengths, strict=False))
    ]
    game = Game(players, cores(slots), patience=5.0)

    game.play(400)

    assert min(Counter(game.started)[player.sharer.user_id] for player in players) >= 2
    assert all(room.free.cpu >= 0 for room in rooms_left(game.machines, [p for *_, p in game.at_work]))
