"""Config flow of a Wattics account: add it, sign in again, change it. The streams' flows are in `flows`."""

from collections.abc import Mapping
from typing import Any, Final, override

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    OptionsFlow,
)
from homeassistant.const import CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import callback
from homeassistant.data_entry_flow import AbortFlow
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol
from yarl import URL

from .const import DOMAIN, SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE
from .delivery.client import DEMO_URL, PRODUCTION_URL, normalize_url
from .flows.credentials import async_check_credentials
from .flows.electricity import ElectricityFlow
from .flows.options import WatticsOptionsFlow
from .flows.single_value import SingleValueFlow
from .flows.waiting import CONF_PACKETS, STEP_WAITING, WAITING_SCHEMA, async_settle_url, async_waiting

ENVIRONMENTS: Final[Mapping[str, str]] = {"production": PRODUCTION_URL, "demo": DEMO_URL}
"""The URLs that the form offers by name."""

_USERNAME: Final = TextSelector(TextSelectorConfig(autocomplete="username"))
_PASSWORD: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
)
_URL: Final = SelectSelector(
    SelectSelectorConfig(
        options=list(ENVIRONMENTS),
        custom_value=True,
        mode=SelectSelectorMode.DROPDOWN,
        translation_key=CONF_URL,
    )
)

SIGN_IN_SCHEMA: Final = vol.Schema(
    {vol.Required(CONF_USERNAME): _USERNAME, vol.Required(CONF_PASSWORD): _PASSWORD}
)
ACCOUNT_SCHEMA: Final = vol.Schema({vol.Required(CONF_URL, default="production"): _URL, **SIGN_IN_SCHEMA.schema})
RECONFIGURE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_URL): _URL,
        vol.Required(CONF_USERNAME): _USERNAME,
        vol.Optional(CONF_PASSWORD): _PASSWORD,
    }
)


class WatticsConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add an account, or change the one that is there."""

    VERSION = 1

    def __init__(self) -> None:
        """Start with nothing to change."""
        self._account: dict[str, Any] = {}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow for the account's options."""
        return WatticsOptionsFlow()

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(cls, config_entry: ConfigEntry) -> dict[str, type[ConfigSubentryFlow]]:
        """Return the flows for the kinds of stream."""
        return {SUBENTRY_ELECTRICITY: ElectricityFlow, SUBENTRY_SINGLE_VALUE: SingleValueFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an account and add it once Wattics accepts its credentials."""
        errors: dict[str, str] = {}
        if user_input is not None:
            account, errors = _resolve(user_input)
            if not errors:
                # A dialog left open elsewhere must not keep the user out.
                await self.async_set_unique_id(_unique_id(account), raise_on_progress=False)
                self._abort_if_unique_id_configured(reload_on_update=False)
                errors = await self._async_sign_in(account)
            if not errors:
                return self.async_create_entry(title=_title(account), data=account)
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(ACCOUNT_SCHEMA, user_input),
            errors=errors,
        )

    async def async_step_reauth(self, _entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start to sign in again: Wattics no longer accepts the stored credentials."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the credentials that Wattics accepts now."""
        entry = self._get_reauth_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            account = {**entry.data, **user_input}
            self._abort_if_another_entry(entry, account)
            errors = await self._async_sign_in(account)
            if not errors:
                return self._async_change(entry, account)
        return self.async_show_form(
            step_id="reauth_confirm",
            data_schema=self.add_suggested_values_to_schema(
                SIGN_IN_SCHEMA, user_input or {CONF_USERNAME: entry.data[CONF_USERNAME]}
            ),
            errors=errors,
            description_placeholders={"host": _host(entry.data)},
        )

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for another URL, user or password; without a password the stored one stays."""
        entry = self._get_reconfigure_entry()
        errors: dict[str, str] = {}
        if user_input is not None:
            account, errors = _resolve(
                {**user_input, CONF_PASSWORD: user_input.get(CONF_PASSWORD) or entry.data[CONF_PASSWORD]}
            )
            if not errors:
                self._abort_if_another_entry(entry, account)
                errors = await self._async_sign_in(account)
            if not errors:
                self._account = account
                return await self.async_step_waiting()
        return self.async_show_form(
            step_id="reconfigure",
            data_schema=self.add_suggested_values_to_schema(
                RECONFIGURE_SCHEMA,
                user_input
                or {CONF_URL: _environment(entry.data[CONF_URL]), CONF_USERNAME: entry.data[CONF_USERNAME]},
            ),
            errors=errors,
            description_placeholders={"account": entry.title},
        )

    async def async_step_waiting(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what becomes of the packets that wait for the old URL, if any do; then change the account."""
        entry = self._get_reconfigure_entry()
        if self._account[CONF_URL] == entry.data[CONF_URL]:
            return self._async_change(entry, self._account)
        if user_input is None and (waiting := await async_waiting(self.hass, entry)):
            return self.async_show_form(
                step_id=STEP_WAITING,
                data_schema=WAITING_SCHEMA,
                description_placeholders={
                    "count": str(waiting),
                    "old": _host(entry.data),
                    "new": _host(self._account),
                },
            )
        self._abort_if_another_entry(entry, self._account)
        packets = user_input[CONF_PACKETS] if user_input is not None else None
        await async_settle_url(self.hass, entry, self._account[CONF_URL], packets)
        return self._async_change(entry, self._account)

    async def _async_sign_in(self, account: Mapping[str, Any]) -> dict[str, str]:
        error = await async_check_credentials(self.hass, account)
        return {"base": error} if error else {}

    @callback
    def _abort_if_another_entry(self, entry: ConfigEntry, account: Mapping[str, Any]) -> None:
        other = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, _unique_id(account))
        if other and other.entry_id != entry.entry_id:
            raise AbortFlow("already_configured")

    @callback
    def _async_change(self, entry: ConfigEntry, account: Mapping[str, Any]) -> ConfigFlowResult:
        """Store the account and see to it that it takes effect, whether the entry is loaded or failed to load."""
        title = _title(account) if entry.title == _title(entry.data) else entry.title
        changes: dict[str, Any] = {"unique_id": _unique_id(account), "title": title, "data": account}
        if not entry.update_listeners:
            return self.async_update_reload_and_abort(entry, **changes)
        if (entry.unique_id, entry.title, dict(entry.data)) == tuple(changes.values()):
            # No listener hears of an update that changes nothing, but the user expects a new attempt.
            self.hass.config_entries.async_schedule_reload(entry.entry_id)
        return self.async_update_and_abort(entry, **changes)


def _resolve(user_input: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the account's data with its URL in full, and the form's errors."""
    url = user_input[CONF_URL]
    try:
        return {**user_input, CONF_URL: normalize_url(ENVIRONMENTS.get(url, url))}, {}
    except ValueError:
        return dict(user_input), {CONF_URL: "invalid_url"}


def _environment(url: str) -> str:
    """Return the name under which the form shows a URL: production, demo, or the URL itself."""
    return next((name for name, known in ENVIRONMENTS.items() if known == url), url)


def _unique_id(account: Mapping[str, Any]) -> str:
    return f"{account[CONF_URL]} {account[CONF_USERNAME]}"


def _title(account: Mapping[str, Any]) -> str:
    return f"{account[CONF_USERNAME]} ({_host(account)})"


def _host(account: Mapping[str, Any]) -> str:
    return URL(account[CONF_URL]).host or account[CONF_URL]
