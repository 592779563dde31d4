#!/usr/bin/python3
"""A worker: runs the invocations of restate_admin with a Postgres driver and nothing else.

Copy it, and replace the handlers at its end. It finds the database as psql does, and needs
psycopg 3 (Debian: python3-psycopg). Start as many as there is work for; doc/runtime.md says
what the functions of the database do.
"""
import argparse
import contextlib
import json
import os
import threading
import time
import uuid

import psycopg
from psycopg.types.json import Jsonb

CANCEL = 1  # the signal that asks a handler to end
NEVER = float("inf")
services = {}  # name -> (ty, {name of a handler -> (function, options)})


def handler(service, name, ty="SERVICE", **options):
    """Makes a function the handler of a service; the options are those of a manifest."""
    def register(function):
        services.setdefault(service, (ty, {}))[1][name] = (function, options)
        return function
    return register


class TerminalError(Exception):
    """Ends the invocation with a failure. Any other exception ends the attempt, and the next one tries again."""

    def __init__(self, message, code=500):
        super().__init__(message)
        self.code = code


class Suspended(BaseException):
    """Ends an attempt that has to wait: nothing runs meanwhile, and the next one replays up to here."""


def to_bytes(value):
    return list(json.dumps(value).encode())


def failed(error):
    return {"Failure": {"code": error.code, "message": str(error)}}


class Context:
    """One attempt, with the journal that was claimed with it: what that has is not done again."""

    def __init__(self, db, claimed):
        self.db, self.id, self.attempt, self.attempts = db, claimed.id, claimed.attempt, claimed.attempts
        self.key, self.known = claimed.key, len(claimed.journal)
        self.commands, self.results, self.cancelled_at = [], {}, NEVER
        self.next_command, self.next_completion = 1, 1  # command 0 is the input
        self.current = (0, "", "Input")
        for entry in claimed.journal:
            if "Command" in entry["entry_json"]:
                self.commands.append(entry["entry_json"]["Command"])
            else:
                self.arrived(entry)

    def arrived(self, entry):
        notification = entry["entry_json"]["Notification"]
        if "Completion" in notification:
            (body,) = notification["Completion"].values()
            self.results[body["completion_id"]] = (entry["index"], body.get("result"))
        elif notification["Signal"]["id"] == {"Index": CANCEL}:
            self.cancelled_at = min(self.cancelled_at, entry["index"])

    def completion(self):
        """Returns an id for a result. The handler asks in the same order in each attempt, so it gets the same ids."""
        self.next_completion += 1
        return self.next_completion - 1

    def number(self, kind, body):
        """Returns the number of the next command, and whether it is new. Raises if the journal has another there."""
        number, self.next_command = self.next_command, self.next_command + 1
        self.current = (number, body["name"], kind)
        if number >= len(self.commands):
            return number, True
        had = self.commands[number].get(kind, {})
        if any(had.get(field) != body[field] for field in body if field in ("name", "key", "completion_id")):
            raise RuntimeError(f"the journal has {self.commands[number]} where the handler does {kind} {body}")
        return number, False

    def append(self, first_command, *entries):
        for row in self.db.execute("SELECT answers FROM restate_append(%s, %s, %s, %s)",
                                   (self.id, self.attempt, first_command, [Jsonb(entry) for entry in entries])):
            for entry in row.answers or []:
                self.arrived(entry)

    def command(self, kind, name="", **body):
        body["name"] = name
        number, is_new = self.number(kind, body)
        if is_new:
            self.append(number, {"Command": {kind: body}})

    def result(self, completion):
        """Returns what a completion brings, or suspends until it is there; a failure is raised."""
        index, result = self.results.get(completion, (NEVER, None))
        if self.cancelled_at < index:
            raise TerminalError("cancelled", 409)
        if index == NEVER:
            self.db.execute("SELECT restate_suspend(%s, %s, %s, %s, NULL, %s)",
                            (self.id, self.attempt, [completion], [CANCEL], self.known))
            raise Suspended
        return self.value(result)

    def value(self, result):
        if result in (None, "Void"):  # the end of a sleep brings nothing
            return None
        if "Failure" in result:
            raise TerminalError(result["Failure"]["message"], result["Failure"]["code"])
        return json.loads(bytes(result["Success"]))

    def step(self, name, function, within):
        completion = self.completion()
        run = {"completion_id": completion, "name": name}
        number, _ = self.number("Run", run)
        if completion in self.results:
            return self.value(self.results[completion][1])
        with within:
            try:
                result = {"Success": to_bytes(function())}
            except TerminalError as error:
                result = failed(error)
            self.append(number, {"Command": {"Run": run}},  # one call a step
                        {"Notification": {"Completion": {"Run": {"completion_id": completion, "result": result}}}})
        return self.value(result)

    def run(self, name, function):
        """A step outside the database: done at least once, and never again once its result is in the journal."""
        return self.step(name, function, contextlib.nullcontext())

    def transaction(self, name, function):
        """A step in the database: what function(db) writes commits with its result, so it is done exactly once."""
        def in_savepoint():
            with self.db.transaction():  # a TerminalError undoes what was written, and is kept as the result
                return function(self.db)
        return self.step(name, in_savepoint, self.db.transaction())

    def sleep(self, seconds):
        completion = self.completion()
        self.command("Sleep", wake_up_time=int((time.time() + seconds) * 1000), completion_id=completion)
        self.result(completion)

    def call(self, service, handler, value, key=None):
        callee, completion = self.completion(), self.completion()
        target = {"name": service, "handler": handler}
        target = {"Service": target} if key is None else {"VirtualObject": {**target, "key": key}}
        self.command("Call", request={"invocation_target": target, "parameter": to_bytes(value)},
                     invocation_id_completion_id=callee, result_completion_id=completion)
        return self.result(completion)

    def get(self, key):
        completion = self.completion()
        self.command("GetLazyState", key=key, completion_id=completion)
        return self.result(completion)

    def set(self, key, value):
        self.command("SetState", key=key, value=to_bytes(value))


def run_attempt(db, claimed):
    ctx = Context(db, claimed)
    function = services[claimed.service][1][claimed.handler][0]
    try:
        try:
            result = {"Success": to_bytes(function(ctx, json.loads(claimed.input)))}
        except TerminalError as error:
            result = failed(error)
        db.execute("SELECT restate_complete(%s, %s, %s, %s)",
                   (ctx.id, ctx.attempt, ctx.next_command, [Jsonb({"Command": {"Output": {"result": result, "name": ""}}})]))
    except Suspended:
        pass
    except Exception as error:
        try:
            db.execute("SELECT restate_fail_attempt(%s, %s, %s, command_index => %s, command_name => %s, command_type => %s)",
                       (ctx.id, ctx.attempt, str(error), *ctx.current))
        except psycopg.Error as lost:  # it was killed, or taken from us: whatever it did since then is refused
            if lost.diag.constraint_name not in ("attempt_lost", "invocation_not_found"):
                raise


def work(db, worker):
    """Claims what has been ready for longest, and runs it; returns whether there was something."""
    claimed = db.execute("SELECT * FROM restate_claim(%s, %s)", (worker, list(services))).fetchone()
    if claimed:
        run_attempt(db, claimed)
    return claimed is not None


def connect():
    return psycopg.connect(autocommit=True, row_factory=psycopg.rows.namedtuple_row)


def keep_time(worker, silence):
    """Says that this worker lives, whatever its step takes, and does what is due, for all of them."""
    with connect() as db:
        while True:
            db.execute("SELECT restate_heartbeat(%s)", (worker,))
            db.execute("SELECT restate_tick(silence => %s::interval)", (silence,))
            time.sleep(0.2)


def register(db):
    manifest = {"services": [{"name": service, "ty": ty, "handlers": [
        {"name": name, **options} for name, (_, options) in handlers.items()]} for service, (ty, handlers) in services.items()]}
    db.execute("SELECT restate_register_deployment('worker:orders', %s)", (Jsonb(manifest),))


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--silence", default="10 seconds", help="after which a worker counts as dead")
    silence = arguments.parse_args().silence
    worker = f"orders-{uuid.uuid4()}"  # each process another one: it has none of the attempts of one that died
    with connect() as db:
        register(db)
        threading.Thread(target=keep_time, args=(worker, silence), daemon=True).start()
        while True:
            if not work(db, worker):
                time.sleep(0.1)


# The handlers, which you replace.

def say(text):
    print(f"   worker {os.getpid()}: {text}", flush=True)
    time.sleep(float(os.environ.get("STEP_SECONDS", 0)))


def move_money(db, order):
    db.execute("UPDATE account SET balance = balance - %(price)s WHERE owner = %(customer)s", order)
    db.execute("UPDATE account SET balance = balance + %(price)s WHERE owner = 'shop'", order)
    say(f"{order['customer']} pays {order['price']} for the {order['item']}")


@handler("Order", "place")
def place(ctx, order):
    ctx.transaction("charge", lambda db: move_money(db, order))
    ctx.run("pack", lambda: say(f"packs the {order['item']}"))
    ctx.sleep(0.5)
    label = ctx.call("Parcel", "label", order["item"])
    number = ctx.call("Counter", "add", 1, key="orders")
    ctx.run("send receipt", lambda: say(f"sends receipt {number}, with the {label}"))
    return {"number": number, "label": label}


@handler("Counter", "add", ty="VIRTUAL_OBJECT")
def add(ctx, amount):
    total = (ctx.get("total") or 0) + amount
    ctx.set("total", total)
    return total


@handler("Parcel", "label", retryPolicyInitialInterval=100, retryPolicyMaxAttempts=5, retryPolicyOnMaxAttempts="KILL")
def label(ctx, item):
    def print_label():
        say(f"prints the label of the {item}, attempt {ctx.attempts}")
        if ctx.attempts < 3:
            raise RuntimeError("out of paper")
        return f"label of {item}"
    return ctx.run("print label", print_label)


if __name__ == "__main__":
    main()
