"""Kills the worker of examples/worker at each of its statements.

For each point an order is submitted and a process runs it that is killed there; then
this one takes over and runs it to its end. Prints how many points there were. What
must hold afterwards is for the caller to see.
"""
import json
import os
import signal
import sys
import time

import psycopg

sys.path.insert(0, "examples/worker")
import worker

point = None  # where to be killed
stall = None  # what is called in place of that


class Mortal(psycopg.Connection):
    """Has a point before each statement, and one after each in a transaction, which may be its last."""
    reached = 0

    def execute(self, *arguments, **options):
        self.reach()
        reply = super().execute(*arguments, **options)
        if self.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            self.reach()
        return reply

    def reach(self):
        if self.reached == point:
            stall() if stall else os.kill(os.getpid(), signal.SIGKILL)
        self.reached += 1


def connect():
    """What one worker has: the connection that it works on, and one for the clock."""
    return Mortal.connect(autocommit=True, row_factory=psycopg.rows.namedtuple_row), worker.connect()


def run_all(connections, name, silence):
    """Runs what there is until all is completed. The server may notice late that a worker has died: ticks go on."""
    db, clock = connections
    while True:
        clock.execute("SELECT restate_tick(silence => %s::interval)", (silence,))
        if not worker.work(db, name):
            if clock.execute("SELECT NOT EXISTS (SELECT FROM restate.invocation WHERE completed_at IS NULL)").fetchone()[0]:
                return
            time.sleep(0.005)


def submit(db, customer):
    with db.transaction():
        db.execute("INSERT INTO account VALUES (%s, 10)", (customer,))
        db.execute("SELECT restate_submit('Order', 'place', %s)",
                   (json.dumps({"customer": customer, "item": "book", "price": 10}).encode(),))


def in_child(run):
    child = os.fork()
    if child == 0:
        try:
            run()
        finally:
            os._exit(1)
    return child


def killed_at_each_point(db, heir):
    at = 0
    while True:
        submit(db, f"customer {at}")

        def run():
            global point
            point = at
            run_all(connect(), f"mortal {at}", "1 hour")
            os._exit(0)
        _, status = os.waitpid(in_child(run), 0)
        if not os.WIFSIGNALED(status):
            if os.WEXITSTATUS(status) != 0:
                sys.exit(f"the worker failed at point {at}")
            return at
        run_all(heir, f"heir {at}", "0")
        at += 1


def taken_over_within_a_transaction(db, heir):
    """A worker that stands still in its transaction, and goes on when its attempt is not its own any more."""
    submit(db, "customer of the late")
    stalled, stalls = os.pipe()
    goes_on, go_on = os.pipe()

    def run():
        global point, stall

        def wait():
            os.write(stalls, b"x")
            os.read(goes_on, 1)
        point, stall = 5, wait  # the money is moved, its step not appended
        worker.work(connect()[0], "late")
        os._exit(0)
    child = in_child(run)
    os.read(stalled, 1)
    taken = db.execute("SELECT done FROM restate_tick(silence => '0')").fetchone()[0]
    os.write(go_on, b"x")
    _, status = os.waitpid(child, 0)
    if taken != 1 or status != 0:
        sys.exit(f"{taken} attempts were taken, and the late worker ended with {status}")
    run_all(heir, "heir of the late", "0")


pause = worker.Context.sleep
worker.Context.sleep = lambda self, seconds: pause(self, seconds / 50)
worker.services["Parcel"][1]["label"][1]["retryPolicyInitialInterval"] = 5
worker.say = lambda text: None
with worker.connect() as db:
    worker.register(db)
    heir = connect()
    print(killed_at_each_point(db, heir))
    taken_over_within_a_transaction(db, heir)
