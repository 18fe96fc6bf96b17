"""Every change the platform makes to the database, by noun in the modules named here."""

from nntracker_ray.storage.account_writes import ensure_local_account, user_name
from nntracker_ray.storage.claim_writes import claim_next_run
from nntracker_ray.storage.command_writes import submit_command
from nntracker_ray.storage.lease_writes import report_lost_worker, requeue_leases, requeue_orphans
from nntracker_ray.storage.measurement_writes import write_batches
from nntracker_ray.storage.run_writes import submit_experiment
from nntracker_ray.storage.share_writes import set_share
from nntracker_ray.storage.state_writes import change_state, heartbeat

__all__ = [
    "change_state",
    "claim_next_run",
    "ensure_local_account",
    "heartbeat",
    "report_lost_worker",
    "requeue_leases",
    "requeue_orphans",
    "set_share",
    "submit_command",
    "submit_experiment",
    "user_name",
    "write_batches",
]
