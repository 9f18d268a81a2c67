"""Who changes the soak's functions while they are called: new secrets, versions, functions that
are deleted and made again. One change at a time; each is waited for as an SDK's waiter does."""
import collections
import random
import threading

from api import Api, Gone
from waiting import eventually

from soaking.traffic import expect
from soaking.world import new_secret

VERSIONS_MAX = 3  # of a function; then one is deleted
PAUSE_SECONDS = 0.1
CHANGES = {"env": 35, "code": 25, "publish": 25, "recreate": 15}


def create(world, api, function, chance):
    """The function, new, and known to be active."""
    env, code = (new_secret(chance, function.name, kind) for kind in ("env", "code"))
    function.change(env, code)
    package = world.languages.package(function.language, function.name, code)
    made = api.create(function.name, package, world.languages.runtime(function.language),
                      **function.settings(env))
    expect(made.status == 201, function.name, made.status, made.body)
    api.active(function.name)
    if function.reserved:
        put = api.call("PUT", f"/2017-10-31/functions/{function.name}/concurrency",
                       {"ReservedConcurrentExecutions": function.reserved})
        expect(put.status == 200, put.body)
    function.settle(env, code)
    function.present()


class Churner(threading.Thread):
    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.chance = world, random.Random(f"{world.seed} churn")
        self.counts = collections.Counter()
        self.api, self.failure = None, None
        self.life = None
        self.doubt = None  # a function whose change was not answered

    def run(self):
        try:
            while life := self.world.wait_for_server():
                self.life, self.api = life, Api(self.world.address)
                self.change_until_gone(life)
                self.api.close()
                self.life = None
        except Exception as error:  # told by the main thread
            self.failure = error

    def change_until_gone(self, life):
        try:
            if self.doubt:
                self.resolve(self.doubt)
            while not self.world.over.wait(PAUSE_SECONDS):
                function = self.world.draw(self.chance)
                kind = self.chance.choices(list(CHANGES), CHANGES.values())[0]
                self.doubt = function
                getattr(self, kind)(function)
                self.doubt = None
                self.counts[kind] += 1
        except Gone as error:
            expect(self.world.life != life, "a running server closed a connection", str(error))

    def resolve(self, function):
        """After a kill: the function whose change was not acknowledged is as before or as
        wanted; it is made again, so that all of it is known."""
        now = self.world.now()
        found = self.api.get(function.name)
        if found.status == 404:
            expect(function.may_be_absent(now, now), "lost", function.name)
            create(self.world, self.api, function, self.chance)
        else:
            secret = found.json()["Configuration"]["Environment"]["Variables"]["SECRET"]
            expect(secret in function.allowed(now, now)[0], "found", secret, function.name)
            self.api.active(function.name)
            self.recreate(function)
        self.doubt = None
        self.counts["resolved"] += 1

    def env(self, function):
        env = new_secret(self.chance, function.name, "env")
        function.change(env=env)
        answer = self.api.update_configuration(
            function.name, Environment={"Variables": {"SECRET": env}})
        expect(answer.status == 200, function.name, answer.body)
        self.api.active(function.name)
        function.settle(env, function.code)

    def code(self, function):
        code = new_secret(self.chance, function.name, "code")
        function.change(code=code)
        package = self.world.languages.package(function.language, function.name, code)
        answer = self.api.update_code(function.name, package)
        expect(answer.status == 200, function.name, answer.body)
        self.api.active(function.name)
        function.settle(function.env, code)

    def publish(self, function):
        answer = self.api.publish(function.name)
        expect(answer.status == 201, function.name, answer.body)
        number = int(answer.json()["Version"])

        def active():
            about = self.api.get(f"{function.name}?Qualifier={number}").json()["Configuration"]
            return about["State"] == "Active" and about["Version"] == str(number)
        expect(eventually(active), function.name, number)
        function.publish(number)
        if len(function.versions) > VERSIONS_MAX:
            oldest = min(function.versions)
            function.unpublish(oldest)
            gone = self.api.delete(f"{function.name}?Qualifier={oldest}")
            expect(gone.status == 204, function.name, gone.body)

    def recreate(self, function):
        function.absent()
        gone = self.api.delete(function.name)
        expect(gone.status == 204, function.name, gone.body)
        create(self.world, self.api, function, self.chance)
