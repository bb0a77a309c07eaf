"""What a user asked for, and what can be found for it: data opened, runs made or read, the self-test where nothing else is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claimcheck.cli.shared import progress
from claimcheck.execution import Hands

if TYPE_CHECKING:
    from claimcheck.appraisal.appraise import Appraisal
    from claimcheck.appraisal.data import Consent, Opened
    from claimcheck.appraisal.library import Library
    from claimcheck.appraisal.planted import Planted
    from claimcheck.appraisal.runs import Runs
    from claimcheck.appraisal.summary import Experiment
    from claimcheck.appraisal.sweep import Sweep
    from claimcheck.appraisal.swept import Swept
    from claimcheck.appraisal.tier_verdict import Unavailable
    from claimcheck.claim import Claim
    from claimcheck.plan import Plan
    from claimcheck.tier import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What runs gave, by reproduction; what the self-test found; and what could not be seen, in sentences.

    `swept`: the claims at other values of what the paper leaves open, apart from every verdict.
    """

    runs: Mapping[str, Runs | Unavailable | None] = field(default_factory=dict)
    experiments: tuple[Experiment, ...] = ()
    planted: tuple[Planted, ...] = ()
    unseen: tuple[str, ...] = ()
    swept: tuple[Swept, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The claims, the plans of their reproductions, and where things are. `sweeps`: by reproduction, fields to sweep."""

    claims: Path
    library: Library
    plans: Sequence[Plan]
    only: Sequence[str]
    tiers: Sequence[str]
    data_dir: Path | None
    store: Path
    hands: Hands
    sweeps: Mapping[str, Sequence[Sweep]] = field(default_factory=dict)

    @property
    def wanted(self) -> set[Tier]:
        """The tiers that are asked for."""
        from claimcheck.tier import Tier

        return {Tier(name) for name in self.tiers} or set(Tier)

    def open(self, *, fetch: bool) -> Opened:
        """Open the data that predictions at tier data are about; with consent, download these and what runs need."""
        from claimcheck.appraisal.appraise import data_sets
        from claimcheck.appraisal.data import Consent, open_all
        from claimcheck.appraisal.library import chosen
        from claimcheck.appraisal.works import data_sets as needed
        from claimcheck.corpora.door import cache, folders
        from claimcheck.corpora.manifest import COUNTED, manifest
        from claimcheck.tier import Tier

        names = [name for document in chosen(self.library, self.only) for name in data_sets(document.value)
                 if Tier.DATA in self.wanted]
        if fetch:
            # what is trained on by the gigabyte, and passages of large data sets, are fetched by `data fetch` alone
            names += [name for plan in self.plans if plan.tier in self.wanted for name in needed(plan.design)
                      if name in manifest() and manifest()[name].parser in COUNTED]
        consent = Consent(folder=self.data_dir or cache(), report=lambda line: click.echo(line, err=True)) if fetch else None
        opened = open_all(names, folders(self.data_dir), consent)
        if consent is not None:
            self._fetch_backbones(consent)
        return opened

    def _fetch_backbones(self, consent: Consent) -> None:
        """Download the models of a hub that runs start from, of plans that can be run at all."""
        from claimcheck.corpora.backbones import Absent, digest_known, fetch, locate
        from claimcheck.corpora.door import folders

        wanted = {backbone: None for plan in self.plans if plan.tier in self.wanted and plan.design.data.routes
                  for backbone in plan.design.backbones.values() if digest_known(backbone) is not None}
        for backbone in wanted:
            if isinstance(locate(backbone, (consent.folder, *folders(self.data_dir))), Absent):
                fetch(backbone, consent.folder, consent.report)

    def found(self, opened: Opened, *, start: bool) -> Found:
        """Make the runs that are asked for, or with `start` not set read those that stand."""
        from claimcheck.appraisal.runs import Runs
        from claimcheck.appraisal.tier_verdict import Unavailable
        from claimcheck.cli import measuring, sweeping
        from claimcheck.corpora.door import folders
        from claimcheck.measurement.store import Store
        from claimcheck.plan import prediction_digest
        from claimcheck.tier import Tier

        store = Store(path=self.store)
        runs: dict[str, Runs | Unavailable | None] = {}
        experiments = []
        families: dict[str, list[Claim]] = {}
        for plan in self.plans:
            if not self._concerned(plan):
                continue
            if plan.tier not in self.wanted:
                runs[plan.reproduction] = Unavailable(tier=plan.tier, why="not asked for", remedy="")
                continue
            own = measuring.family_claims(self.library, self.claims, plan.reproduction)
            plan = replace(plan, predictions={claim.id: prediction_digest(claim) for claim in own})
            families[plan.reproduction] = own
            made = (measuring.measured(plan, own, folders(self.data_dir), store, self.hands) if start
                    else measuring.standing(plan, own, folders(self.data_dir), store))
            if isinstance(made, Runs):
                made = replace(made, printed=self.library.reproductions[plan.reproduction].value.printed)
            runs[plan.reproduction] = made
            if isinstance(made, Runs):
                experiments.append(measuring.summarised(made, own))
        absent = [each for each in runs.values() if isinstance(each, Unavailable) and each.tier in self.wanted]
        planted: tuple[Planted, ...] = ()
        if Tier.SYNTHETIC in self.wanted if self.tiers else runs and len(absent) == len(runs):
            planted, more = measuring.selftest(store, self.hands, start=start)
            experiments += more
        swept = [each for name, own in families.items() if name in self.sweeps  # after all that decides
                 for each in sweeping.swept(self.sweeps[name], runs[name], own, folders(self.data_dir), store, self.hands,
                                            start=start)]
        unseen = [each.why for each in (*opened.corpora.values(), *absent) if isinstance(each, Unavailable)]
        remedies = [each.remedy for each in (*opened.corpora.values(), *absent) if isinstance(each, Unavailable)]
        return Found(runs=runs, experiments=tuple(experiments), planted=planted, swept=tuple(swept),
                     unseen=tuple(dict.fromkeys(f"{why}; {remedy}" for why, remedy in zip(unseen, remedies, strict=True))))

    def _concerned(self, plan: Plan) -> bool:
        """Whether a claim that is asked for predicts what the plan's runs could show."""
        from claimcheck.appraisal.library import chosen

        return any(document.value.reproduction == plan.reproduction and any(atom.rerun for atom in document.value.atoms)
                   for document in chosen(self.library, self.only))

    def appraised(self, opened: Opened, found: Found) -> list[Appraisal]:
        """Judge each claim that is asked for, at every tier that is."""
        from claimcheck.appraisal.appraise import Evidence, appraise
        from claimcheck.appraisal.library import chosen

        documents = chosen(self.library, self.only)
        appraisals = []
        with progress("judging", len(documents)) as step:
            for document in documents:
                evidence = Evidence(table=self.library.table_of(document), corpora=opened.corpora,
                                    runs=found.runs.get(document.value.reproduction or ""))
                appraisals.append(appraise(document, evidence, self.wanted))
                step(document.value.id)
        return appraisals
