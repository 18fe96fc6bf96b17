"""What Ray's autoscaler is asked for, played out with the very scheduler that decides about machines in it."""

from __future__ import annotations

from collections import Counter
from uuid import UUID

from ray.autoscaler.v2.instance_manager.config import NodeTypeConfig
from ray.autoscaler.v2.scheduler import ResourceDemandScheduler, SchedulingReply, SchedulingRequest
from ray.autoscaler.v2.schema import AutoscalerInstance
from ray.autoscaler.v2.utils import ResourceRequestUtil
from ray.core.generated.autoscaler_pb2 import ClusterResourceConstraint, NodeState, NodeStatus
from ray.core.generated.instance_manager_pb2 import Instance, NodeKind

from nntracker_ray.machines import Machine, Room, rooms_left
from nntracker_ray.records import Resources
from nntracker_ray.scaling import MOST, RETRY_S, TURN_S, Appetite, WaitingRuns, startable

ANN, BEN = UUID(int=1), UUID(int=2)
SMALL, LARGE, ON_GPU = Resources(1.0), Resources(16.0), Resources(2.0, 1.0)
LOOK_S = 5.0


class Cloud:
    """Machines of one kind, a head without cores, and Ray's own rule for when more are launched."""

    def __init__(self, cpu: float = 8.0, most: int = 8) -> None:
        self.cpu, self.most, self.machines = cpu, most, 0

    def look(self, wanted: list[Resources]) -> bool:
        """One look of the autoscaler; returns whether it refuses."""
        reply = self.reply(wanted)
        self.machines += sum(launch.count for launch in reply.to_launch)
        return bool(reply.infeasible_cluster_resource_constraints)

    def reply(self, wanted: list[Resources]) -> SchedulingReply:
        """What Ray decides."""
        asked = [ResourceRequestUtil.make({"CPU": one.cpu}) for one in wanted]
        constraint = ClusterResourceConstraint(resource_requests=ResourceRequestUtil.group_by_count(asked))
        kinds = [
            NodeTypeConfig("head", 0, 1, resources={}),
            NodeTypeConfig("worker", 0, self.most, resources={"CPU": self.cpu}),
        ]
        request = SchedulingRequest(
            disable_launch_config_check=True,
            node_type_configs={kind.name: kind for kind in kinds},
            max_num_nodes=self.most + 1,
            cluster_resource_constraints=[constraint],
            current_instances=[self._instance(number) for number in range(self.machines + 1)],
        )
        return ResourceDemandScheduler(None).schedule(request)

    def _instance(self, number: int) -> AutoscalerInstance:
        kind, name = (NodeKind.WORKER, "worker") if number else (NodeKind.HEAD, "head")
        has = {"CPU": self.cpu} if number else {}
        return AutoscalerInstance(
            cloud_instance_id=f"machine-{number}",
            ray_node=NodeState(
                node_id=str(number).encode(),
                ray_node_type_name=name,
                total_resources=has,
                available_resources=has,
                status=NodeStatus.RUNNING,
            ),
            im_instance=Instance(
                instance_id=str(number),
                instance_type=name,
                node_kind=kind,
                node_id=str(number),
                status=Instance.RAY_RUNNING,
            ),
        )

    def rooms(self, at_work: list[Machine]) -> tuple[Room, ...]:
        return rooms_left([Machine.of(str(number), self.cpu) for number in range(self.machines)], at_work)


class Queue:
    """Runs that never end: each starts as soon as a machine has room."""

    def __init__(self, cloud: Cloud, **waiting: int) -> None:
        self.cloud, self.appetite = cloud, Appetite()
        self.waiting = Counter({Resources(float(cpu[1:])): runs for cpu, runs in waiting.items()})
        self.at_work: list[tuple[Resources, Machine]] = []

    def pass_time(self, seconds: float) -> None:
        refused = False
        for look in range(int(seconds / LOOK_S)):
            sizes = [size for size, _ in self.at_work]
            waits = +self.waiting
            wanted = self.appetite.wanted(sizes, waits, refused=refused, now_s=look * LOOK_S)
            refused = self.cloud.look(wanted)
            while self._start_one():
                pass

    def _start_one(self) -> bool:
        for room in self.cloud.rooms([part for _, part in self.at_work]):
            for size in +self.waiting:
                if room.free.fits(size.cpu, size.gpu):
                    self.at_work.append((size, room.free.part(size.cpu, size.gpu)))
                    self.waiting[size] -= 1
                    return True
        return False


class TestOnRaysScheduler:
    def test_a_queue_longer_than_the_largest_cluster_fills_it(self):
        """Ray refuses a request as a whole when the last run of it finds no place."""
        cloud = Cloud(cpu=8.0, most=8)
        queue = Queue(cloud, _2=1000)

        queue.pass_time(RETRY_S - LOOK_S)

        assert Cloud(cpu=8.0, most=8).look([Resources(2.0)] * MOST)  # refused
        assert cloud.machines == 8
        assert len(queue.at_work) == 32

    def test_no_more_machines_come_than_runs_need(self):
        """They cost money."""
        cloud = Cloud(cpu=8.0)
        queue = Queue(cloud, _1=20)

        queue.pass_time(200.0)

        assert cloud.machines == 3
        assert len(queue.at_work) == 20

    def test_a_run_that_fits_no_kind_of_machine_keeps_no_other_waiting(self):
        """One request with it in it would be refused for ever."""
        cloud = Cloud(cpu=8.0)
        queue = Queue(cloud, _16=70, _1=20, _4=2)

        queue.pass_time(200.0)

        assert cloud.machines == 4
        assert sum(queue.waiting.values()) == 70


class TestAppetite:
    def test_nothing_waits_and_nothing_works(self):
        """Machines may go."""
        assert Appetite().wanted([], {}, refused=False, now_s=0.0) == []

    def test_what_is_at_work_keeps_its_machines(self):
        """The autoscaler takes a request for all that is needed, not for what is lacking."""
        assert Appetite().wanted([SMALL], {SMALL: 2}, refused=False, now_s=0.0) == [SMALL] * 3

    def test_so_many_are_asked_for_at_once_and_no_more(self):
        """Thousands would cost Ray's scheduler dearly, and few clusters are as large."""
        assert Appetite().wanted([], {SMALL: 10_000}, refused=False, now_s=0.0) == [SMALL] * MOST

    def test_each_size_has_its_turn(self):
        """A refusal names no culprit."""
        appetite, waiting = Appetite(), {ON_GPU: 1, SMALL: 1, LARGE: 1}

        turns = [appetite.wanted([], waiting, refused=False, now_s=turn * TURN_S) for turn in range(4)]

        assert turns == [[SMALL], [LARGE], [ON_GPU], [SMALL]]

    def test_a_refusal_is_believed_for_some_minutes(self):
        """The largest cluster may be made larger, and an instance type may come back."""
        appetite = Appetite()
        appetite.wanted([], {SMALL: 1}, refused=False, now_s=0.0)

        refused = appetite.wanted([], {SMALL: 1}, refused=True, now_s=5.0)
        meanwhile = appetite.wanted([], {SMALL: 1}, refused=False, now_s=RETRY_S - 1)
        later = appetite.wanted([], {SMALL: 1}, refused=False, now_s=RETRY_S)

        assert (refused, meanwhile, later) == ([], [], [SMALL])

    def test_no_more_than_runs_may_use(self):
        """`--cpus` and `--gpus` hold for machines to come as well."""
        appetite = Appetite(cpu=4.0, gpu=1.0)

        assert appetite.wanted([ON_GPU], {SMALL: 9}, refused=False, now_s=0.0) == [ON_GPU, SMALL, SMALL]
        assert appetite.wanted([ON_GPU], {ON_GPU: 9}, refused=False, now_s=0.0) == [ON_GPU]


class TestStartable:
    def test_limits_of_experiment_and_user_hold(self):
        """A machine for a run that may not start would stand idle as long as the run waits."""
        waiting = [
            WaitingRuns(ANN, None, 1, 2, SMALL, 50),  # its experiment lets two more be at work
            WaitingRuns(ANN, None, 2, None, SMALL, 3),
            WaitingRuns(BEN, 4, 3, None, SMALL, 3),  # the user may have four more
            WaitingRuns(BEN, 4, 4, None, LARGE, 3),
            WaitingRuns(BEN, 4, 5, -1, LARGE, 3),  # a limit that was lowered
        ]

        assert startable(waiting) == {SMALL: 2 + 3 + 3, LARGE: 1}
