"""What claims and reproductions name and do not have: arms, backbones, data sets, languages. Each is a fault at its place."""

from collections.abc import Iterator

from claimcheck.appraisal.spoken import Misfit, may_be_packed, published, unspoken
from claimcheck.claim_files import ClaimFile
from claimcheck.corpora.large import LARGE
from claimcheck.corpora.large import languages as spoken_in
from claimcheck.corpora.manifest import COUNTED, manifest
from claimcheck.design import SYNTHETIC, Design
from claimcheck.documents import suggestion
from claimcheck.errors import Fault
from claimcheck.plan import CHANCE, FINISHED, UNTRAINED
from claimcheck.prediction import RERUN_CHECKS
from claimcheck.reproduction_files import ReproductionFile


def of_routes(document: ReproductionFile) -> list[Fault]:
    """A fault for each data set of a route that cannot be trained on or evaluated, and each language that it does not have."""
    faults: list[Fault] = []
    known = {name: data_set for name, data_set in manifest().items() if data_set.parser in COUNTED}
    for profile, each in document.value.profiles.items():
        for number, route in enumerate(each.data.routes if each.data is not None else ()):
            place = ("profiles", profile, "data", "routes", number)
            where: tuple[str | int, ...] = ("profiles", profile, "data", "languages")
            data = each.data
            assert data is not None
            for key, name in (*(("train", name) for name in data.parts(route)), ("evaluate", route.evaluate)):
                if name == SYNTHETIC or (key == "train" and may_be_packed(name)):
                    continue
                if name not in known and (key == "train" or name not in LARGE):
                    faults.append(document.fault((*place, key), f"the data set `{name}` cannot be trained on or evaluated",
                                                 suggestion(name, [*known, SYNTHETIC])))
                    continue
                languages = {*spoken_in(name)} if name in LARGE else {file.language for file in known[name].files}
                asked, own = data.languages, where
                if key == "evaluate" and route.evaluated_languages:
                    asked, own = route.evaluated_languages, (*place, "evaluated_languages")
                elif route.languages:
                    asked, own = route.languages, (*place, "languages")
                if key == "train" and route.train in data.mixtures:
                    continue  # which has its languages of several data sets
                faults += [document.fault((*own, at), f"{name} does not come in the language `{language}`",
                                          suggestion(language, sorted(languages)))
                           for at, language in enumerate(asked) if language not in languages]
    return faults


NEEDED = ("learning_rate", "batch_size", "temperature", "steps", "schedule", "loss", "optimizer")
"""What of a training no encoder can be trained without."""


def trainings(document: ReproductionFile) -> list[Fault]:
    """A fault for each profile that trains and does not say how, or asks for what the trainer of its encoders cannot do."""
    faults: list[Fault] = []
    spoken = published()
    for name, profile in document.value.profiles.items():
        design = document.value.design(name)
        faults += [document.fault(("profiles", name, *where), what, next_move)
                   for where, what, next_move in (*_arms_of(design), *_selection_of(design), *_backbones_of(design),
                                                 *unspoken(design, spoken))]
        missing = [key for key in NEEDED if getattr(design.training, key) is None]
        if missing and any(backbone.encoder != FINISHED for backbone in design.backbones.values()):
            place = ("profiles", name, "training") if profile.training is not None else ("profiles", name)
            faults.append(document.fault(place, f"profile `{name}` trains without {', '.join(f'`{key}`' for key in missing)}",
                                         "set them (schedule: linear decay or constant after warm-up; loss: InfoNCE; "
                                         "optimizer: Adam or AdamW)"))
    return faults


def _arms_of(design: Design) -> Iterator[Misfit]:
    """Arms whose name says what they are not, or that end before their warm-up."""
    training = design.training
    for name, arm in design.arms.items():
        if name == CHANCE or (name == UNTRAINED) != (arm.sampling == "none"):
            move = (f"`{UNTRAINED}` and `{CHANCE}` are rows of every report: call a trained arm otherwise, and one of "
                    f"`sampling: none` `{UNTRAINED}`")
            yield ("arms", name), f"the arm `{name}` samples `{arm.sampling}`", move
    shortest = min((arm.steps_share or 1.0 for arm in design.arms.values()), default=1.0) * (training.steps or 0)
    if training.steps and (training.warmup_steps or 0) >= shortest:
        yield (("training", "warmup_steps"), "an arm ends before its warm-up does, so it hardly learns",
               "give more `steps` or fewer `warmup_steps`")
    if training.betas and not all(0 <= beta < 1 for beta in training.betas):
        yield ("training", "betas"), "each of the `betas` is from 0 to below 1", "give for example [0.9, 0.99]"


def _selection_of(design: Design) -> Iterator[Misfit]:
    """A checkpoint that is chosen by a loss on nothing, or an early end of training without looks."""
    training = design.training
    if training.select_every is None:
        if training.early_stopping or training.patience:
            yield ("training",), "training ends early by a loss that is never looked at", "add `select_every`, for example 500"
        return
    without = [route for route in design.data.routes if design.data.select is None
               and (route.split is None or route.split.select is None)]
    if without:
        yield (("training",), f"`select_every` looks at a loss, and for {without[0].name} nothing is named that it is taken on",
               "add `select` to the split or to the data, or leave out `select_every`")


def _backbones_of(design: Design) -> Iterator[Misfit]:
    """What an encoder of a kind needs, or cannot do."""
    training = design.training
    for name, backbone in design.backbones.items():
        place = ("backbones", name)
        if backbone.encoder == "hashed n-grams":
            if backbone.dimensions is None or backbone.pooling not in (None, "sum"):
                yield place, "hashed n-grams need `dimensions`, and their pooling is `sum`", "set them"
            if training.weight_decay:
                yield ("training",), "hashed n-grams train without weight decay", "leave out `weight_decay`"
            continue
        if backbone.hub is None and backbone.folder is None:
            move = "add `hub` and `revision`, or `folder`"
            yield place, f"a backbone of {backbone.encoder} comes from a hub or a folder", move
        if backbone.encoder == "transformers" and backbone.pooling not in ("mean", "cls", "pooler"):
            yield place, "a transformer needs `pooling`", "add `pooling: mean`, `cls` or `pooler`"
        if training.feature_dropout:
            yield (("training",), "`feature_dropout` is of hashed n-grams; a transformer drops what its checkpoint says",
                   "leave it out")


def arms(claim: ClaimFile, reproduction: ReproductionFile) -> list[Fault]:
    """A fault for each arm or data set of a re-run prediction that the reproduction does not have."""
    states = reproduction.value.paper.states
    arms = {UNTRAINED, *states.arms} | {arm for profile in reproduction.value.profiles.values() for arm in profile.arms or ()}
    faults: list[Fault] = []
    for a, atom in enumerate(claim.value.atoms):
        for p, prediction in enumerate(atom.rerun):
            for name in RERUN_CHECKS:
                check = getattr(prediction, name)
                if check is None:
                    continue
                place = ("atoms", a, "rerun", p, name)
                against = check.against if isinstance(check.against, tuple) else (check.against,)
                for key, arm in [("arm", check.arm), *(("against", each) for each in against)]:
                    if arm not in arms:
                        faults.append(claim.fault((*place, key), f"reproduction {reproduction.value.id} has no arm `{arm}`",
                                                  suggestion(arm, sorted(arms))))
                faults += [claim.fault((*place, "datasets", number), f"reproduction {reproduction.value.id} evaluates no data "
                                       f"set `{dataset}`", suggestion(dataset, states.data.evaluate))
                           for number, dataset in enumerate(check.datasets) if dataset not in states.data.evaluate]
    return faults


def backbones(claim: ClaimFile, reproduction: ReproductionFile) -> list[Fault]:
    """A fault for each backbone that a claim makes a condition and the reproduction does not have."""
    known = set(reproduction.value.paper.states.backbones)
    known |= {name for profile in reproduction.value.profiles.values() for name in profile.backbones or ()}
    return [claim.fault(("necessary", "backbones", number), f"reproduction {reproduction.value.id} has no backbone `{name}`",
                        suggestion(name, sorted(known)))
            for number, name in enumerate(claim.value.necessary.backbones) if name not in known]


def printed(document: ReproductionFile) -> list[Fault]:
    """A fault for each name that the printed numbers rename and the reproduction does not have."""
    numbers = document.value.printed
    if numbers is None:
        return []
    designs = [document.value.paper.states, *(document.value.design(name) for name in document.value.profiles)]
    known = {"arm": {UNTRAINED} | {name for each in designs for name in each.arms},
             "backbone": {name for each in designs for name in each.backbones},
             "dataset": {name for each in designs for name in each.data.evaluate}}
    return [document.fault(("printed", "values", part, name), f"reproduction {document.value.id} has no {part} `{name}`",
                           suggestion(name, sorted(names)))
            for part, names in known.items() for name in getattr(numbers.values, part) if name not in names]


def data_sets(claim: ClaimFile) -> list[Fault]:
    """A fault for each data set of a prediction at tier `data` that cannot be counted."""
    known = [name for name, data_set in manifest().items() if data_set.parser in COUNTED]
    return [claim.fault(("atoms", a, "data", p), f"no data set called `{prediction.fact.dataset}` can be counted",
                        suggestion(prediction.fact.dataset, known))
            for a, atom in enumerate(claim.value.atoms) for p, prediction in enumerate(atom.data)
            if prediction.fact.dataset not in known]
