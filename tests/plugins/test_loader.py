"""Loading of real installed distributions: whatever one does wrong, the others are loaded and the fault is named."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from hub.errors import PluginError
from hub.plugins.host import Plugins
from hub.plugins.status import PluginStatus

Install = Callable[..., Path]

VENDOR = """
    from hub import Event, Hmac, Vendor

    vendor = Vendor(
        name="{name}",
        title="{name}",
        verify=Hmac(header="x-sig"),
        read=lambda request, source: [Event("thing.made", request.json())],
    )
"""
GUARD = """
    from hub import hookimpl

    @hookimpl
    def hub_guard(request):
        return None
"""


def vendor_code(name: str) -> str:
    return VENDOR.format(name=name)


@pytest.fixture
def well(install: Install) -> None:
    """A plugin with which nothing is wrong; last by name, so that every fault comes before it."""
    install("hub-zwell", {"zwell": "hub_zwell:vendor"}, vendor_code("zwell"))


def load(*, strict: bool = False, version: str = "0.1.0", disabled: frozenset[str] = frozenset()) -> Plugins:
    plugins = Plugins(version=version, strict=strict)
    plugins.load(disabled)
    return plugins


def statuses(plugins: Plugins) -> dict[str, PluginStatus]:
    """Those of the test's own distributions: other plugins may be installed beside them."""
    return {status.name: status for status in plugins.statuses()}


def refused(name: str) -> str:
    """Why a plugin is broken, while the well one serves; strict loading fails and says the same."""
    plugins = load()
    status = statuses(plugins)[name]
    assert status.status == "broken"
    assert plugins.vendor("zwell") is not None
    with pytest.raises(PluginError) as caught:
        load(strict=True)
    assert status.reason in str(caught.value)
    return status.reason


def test_a_vendor_as_entry_point_is_loaded(well: None) -> None:
    plugins = load(strict=True)
    status = statuses(plugins)["zwell"]
    assert (status.distribution, status.version, status.status, status.reason) == ("hub-zwell", "1.0", "active", "")
    assert status.adds == {"vendor": ("zwell",)}
    assert plugins.vendor_status("zwell") == "active"
    assert plugins.plugin_of("zwell") == "zwell"
    assert plugins.packages["hub_zwell"] == "zwell"


def test_a_module_with_hooks_as_entry_point_is_loaded(install: Install) -> None:
    install("hub-watch", {"watch": "hub_watch"}, GUARD)
    plugins = load(strict=True)
    assert statuses(plugins)["watch"].adds == {"hook": ("hub_guard",)}
    assert plugins.has_guards


def test_an_object_with_hooks_as_entry_point_is_loaded(install: Install) -> None:
    install(
        "hub-object",
        {"object": "hub_object:plugin"},
        """
        from hub import hookimpl

        class Plugin:
            @hookimpl
            def hub_guard(self, source, request):
                return None

        plugin = Plugin()
        """,
    )
    assert load(strict=True).has_guards


def test_plugins_are_sorted_by_name(install: Install, well: None) -> None:
    for name in ("bee", "ant"):
        install(f"hub-{name}", {name: f"hub_{name}:vendor"}, vendor_code(name))
    names = [status.name for status in load().statuses()]
    assert names == sorted(names)
    assert {"ant", "bee", "zwell"} <= set(names)


def test_both_claimants_of_a_name_are_refused_and_named(install: Install, well: None) -> None:
    install("hub-acme", {"acme": "hub_acme:vendor"}, vendor_code("acme"))
    install("evil", {"acme": "evil:vendor"}, "raise AssertionError('it must not even be imported')", version="6.6")
    plugins = load()
    claimants = [status for status in plugins.statuses() if status.name == "acme"]
    assert [status.status for status in claimants] == ["broken", "broken"]
    assert {status.distribution for status in claimants} == {"hub-acme", "evil"}
    for status in claimants:
        assert "hub-acme 1.0" in status.reason
        assert "evil 6.6" in status.reason
    assert plugins.vendor("acme") is None
    assert plugins.vendor_status("acme") == "broken"
    assert plugins.vendor("zwell") is not None
    with pytest.raises(PluginError, match="claimed by"):
        load(strict=True)


def test_a_plugin_may_not_bring_a_vendor_under_a_foreign_name(install: Install, well: None) -> None:
    install("hub-acme", {"acme": "hub_acme:vendor"}, vendor_code("acme"))
    install("evil", {"evil": "evil:vendor"}, vendor_code("acme"))
    assert "must be named 'evil'" in refused("evil")
    assert load().plugin_of("acme") == "acme"


def test_both_claimants_of_an_entry_are_refused_and_named(install: Install, well: None) -> None:
    for name in ("one", "two"):
        install(
            f"hub-{name}",
            {name: f"hub_{name}"},
            """
            from hub import Hmac, hookimpl

            @hookimpl
            def hub_register(registry):
                registry.scheme("shared", Hmac(header="x-sig"))
            """,
        )
    assert refused("one") == "scheme 'shared' is claimed by two too"
    assert refused("two") == "scheme 'shared' is claimed by one too"
    assert load().scheme("shared") is None


def test_an_entry_of_the_core_cannot_be_claimed(install: Install, well: None) -> None:
    install(
        "hub-acme",
        {"acme": "hub_acme"},
        """
        from hub import Hmac, hookimpl

        @hookimpl
        def hub_register(registry):
            registry.scheme("standard", Hmac(header="x-sig"))
        """,
    )
    assert refused("acme") == "scheme 'standard' is claimed by the core too"


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("integration-hub>=2", "it requires integration-hub>=2, but this is 0.1.0"),
        ("Integration_Hub<0.1", "it requires integration-hub<0.1, but this is 0.1.0"),
        ("integration-hub==0.1.1; python_version > '3'", "it requires integration-hub==0.1.1, but this is 0.1.0"),
        ("integration-hub =!= 1", "cannot be read"),
    ],
)
def test_a_plugin_for_another_core_is_refused_without_import(
    install: Install, well: None, requirement: str, said: str
) -> None:
    install("hub-acme", {"acme": "hub_acme:vendor"}, "raise AssertionError('imported')", requires=[requirement])
    assert said in refused("acme")


@pytest.mark.parametrize(
    "requirement",
    [
        "integration-hub>=0.1,<0.2",
        "integration-hub>=9; extra == 'future'",
        "integration-hub>=9; python_version < '3'",
        "integration-hub-tools>=9",
        "another thing that is no requirement at all !",
    ],
)
def test_a_plugin_for_this_core_is_loaded(install: Install, requirement: str) -> None:
    install("hub-acme", {"acme": "hub_acme:vendor"}, vendor_code("acme"), requires=["click", requirement])
    assert statuses(load(strict=True))["acme"].status == "active"


def test_a_prerelease_of_the_core_counts_by_its_number(install: Install) -> None:
    install("hub-acme", {"acme": "hub_acme:vendor"}, vendor_code("acme"), requires=["integration-hub>=0.1,<0.2"])
    assert statuses(load(version="0.1.1.dev3"))["acme"].status == "active"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import no_such_module", "import failed: ModuleNotFoundError"),
        ("vendor = 1 / 0", "import failed: ZeroDivisionError"),
        ("def (", "import failed: SyntaxError"),
        ("raise SystemExit(3)", "import failed: SystemExit: 3"),
        ("import sys; sys.exit()", "import failed: SystemExit"),
        ("class Ending(BaseException): pass\nraise Ending('so')", "import failed: Ending: so"),
        ("other = 1", "import failed: AttributeError"),
        ("vendor = 7", "must be a Vendor, a module or an object with hooks"),
        ("class vendor: pass", "must be a Vendor, a module or an object with hooks"),
        ("from hub import Vendor\nvendor = Vendor(name='A B', title='', verify=1, read=1)", "vendor 'A B'"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_isolated(install: Install, well: None, code: str, said: str) -> None:
    install("hub-acme", {"acme": "hub_acme:vendor"}, code)
    assert said in refused("acme")


def test_a_plugin_that_is_interrupted_by_a_person_stops_the_start(install: Install) -> None:
    install("hub-acme", {"acme": "hub_acme:vendor"}, "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        load()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("@hookimpl\ndef hub_gaurd(request): ...", "misspelt.*hub_gaurd"),
        ("@hookimpl\ndef hub_guard(request, secret): ...", "wrong or misspelt"),
        ("def hub_guard(request): ...", "not marked with @hookimpl"),
        ("@hookimpl\ndef hub_guard(request): ...\ndef hub_evnt(event): ...", "hub_evnt looks like a hook"),
        ("@hookimpl(wrapper=True)\ndef hub_guard(request):\n    yield", "only observe or veto"),
        ("@hookimpl(hookwrapper=True)\ndef hub_event(event):\n    yield", "only observe or veto"),
        ("@hookimpl\nasync def hub_lifespan(hub): ...", "must be an @asynccontextmanager"),
        ("@hookimpl\nasync def hub_register(registry): ...", "must be a plain function"),
        ("@hookimpl\ndef hub_register(registry): ...", "registers nothing"),
        ("@hookimpl\ndef hub_register(registry):\n    return 1", "returns nothing"),
        ("@hookimpl\ndef hub_register(registry):\n    yield", "returns nothing"),
        ("@hookimpl\ndef hub_register(registry):\n    raise SystemExit(1)", "tried to end the process"),
        ("@hookimpl\ndef hub_register(registry):\n    {}['none']", "hub_register failed: KeyError"),
        ("value = 1", "registers nothing.*hub_acme:vendor"),
    ],
)
def test_a_plugin_with_wrong_hooks_is_isolated(install: Install, well: None, code: str, said: str) -> None:
    install("hub-acme", {"acme": "hub_acme"}, f"from hub import hookimpl\n{code}\n")
    assert re.search(said, refused("acme"))


def test_a_name_that_cannot_be_a_vendors_is_refused(install: Install, well: None) -> None:
    install("hub-acme", {"Acme_Co": "hub_acme:vendor"}, vendor_code("acme"))
    assert "lower-case letters" in refused("Acme_Co")


def test_a_failed_registration_leaves_nothing_behind(install: Install, well: None) -> None:
    install(
        "hub-acme",
        {"acme": "hub_acme"},
        """
        from hub import Hmac, hookimpl

        @hookimpl
        def hub_register(registry):
            registry.scheme("half", Hmac(header="x-sig"))
            raise RuntimeError("the other half is missing")

        @hookimpl
        def hub_guard(request):
            return None
        """,
    )
    assert "the other half is missing" in refused("acme")
    plugins = load()
    assert plugins.scheme("half") is None
    assert not plugins.has_guards


def test_a_disabled_plugin_is_not_even_imported(install: Install, well: None) -> None:
    install("hub-acme", {"acme": "hub_acme:vendor"}, "raise AssertionError('imported')")
    plugins = load(strict=True, disabled=frozenset({"acme"}))
    assert statuses(plugins)["acme"].status == "disabled"
    assert plugins.vendor_status("acme") == "disabled"
    assert plugins.vendor_status("acme-crm") == "disabled"
    assert plugins.vendor_status("nobody") == "missing"


def test_given_entry_points_replace_the_installed_ones(well: None) -> None:
    point = EntryPoint("zwell", "hub_zwell:vendor", "hub")
    plugins = Plugins(version="0.1.0", entry_points=[point, point])
    plugins.load()
    (status,) = plugins.statuses()
    assert (status.name, status.distribution, status.status) == ("zwell", "", "active")
    none = Plugins(version="0.1.0", entry_points=())
    none.load()
    assert none.statuses() == ()


def test_one_distribution_seen_twice_is_one_claimant(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    file = install("hub-acme", {"acme": "hub_acme:vendor"}, vendor_code("acme"))
    monkeypatch.syspath_prepend(str(file.parent.parent) + "/.")
    assert statuses(load(strict=True))["acme"].status == "active"
