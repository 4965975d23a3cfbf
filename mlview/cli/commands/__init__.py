"""The commands, in the order a newcomer meets them."""

from mlview.cli.commands.copying import backup, restore
from mlview.cli.commands.daemon import daemon
from mlview.cli.commands.demo import demo
from mlview.cli.commands.init import init
from mlview.cli.commands.refreshing import plan, refresh
from mlview.cli.commands.shell import shell
from mlview.cli.commands.sql import sql
from mlview.cli.commands.status import status
from mlview.cli.commands.upkeep import doctor, gc, verify

COMMANDS = (
    demo,
    init,
    sql,
    shell,
    status,
    plan,
    refresh,
    daemon,
    verify,
    gc,
    doctor,
    backup,
    restore,
)

__all__ = ["COMMANDS"]
