"""The root of all classes, and the types that attributes are declared with."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BaseModel, ConfigDict

from cmdb.classes.spec import Family, Info, Weight
from cmdb.entities import Lifecycle

Text = str | None
Whole = int | None
Number = float | None
Flag = bool | None
Texts = tuple[str, ...] | None

REQUIRED = Weight.REQUIRED
RECOMMENDED = Weight.RECOMMENDED
LIFECYCLES = tuple(state.value for state in Lifecycle)


class ConfigurationItem(BaseModel):
    """Anything that is managed and that something may depend on.

    Subclasses declare attributes as fields (None means not said) and these class variables; all but `aliases` and
    `identity_note` are inherited. An abstract class only groups others: no CI is of it.
    """

    model_config = ConfigDict(frozen=True, extra="allow", defer_build=True)

    family: ClassVar[Family] = Family.LOGICAL
    layer: ClassVar[str] = "General"
    host_relationship: ClassVar[str | None] = None
    is_dependent_with_host: ClassVar[bool] = False
    is_abstract: ClassVar[bool] = True
    aliases: ClassVar[tuple[str, ...]] = ("ci",)
    identity_note: ClassVar[str] = ""

    name: Annotated[Text, Info("Short display name", weight=REQUIRED, is_identity=True)] = None
    lifecycle: Annotated[Text, Info("Where it stands in its life; live unless said otherwise", choices=LIFECYCLES)] = (
        None
    )
    description: Annotated[Text, Info("What it is, in words")] = None
    site: Annotated[Text, Info("Site that scopes its name", is_identity=True)] = None
    environment: Annotated[Text, Info("Production, staging, test …")] = None
    criticality: Annotated[Text, Info("How much its failure matters to the business")] = None
    owner: Annotated[Text, Info("Who answers for it")] = None
    support_group: Annotated[Text, Info("Team that repairs it")] = None
    cost_center: Annotated[Text, Info("Account that pays for it")] = None
    tags: Annotated[Texts, Info("Free labels")] = None
    notes: Annotated[Text, Info("Remarks of people")] = None
