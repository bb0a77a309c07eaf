"""What claims and reproductions name and do not have: arms, backbones, data sets, languages. Each is a fault at its place."""

from claimcheck.claim_files import ClaimFile
from claimcheck.corpora.manifest import COUNTED, manifest
from claimcheck.design import SYNTHETIC
from claimcheck.documents import suggestion
from claimcheck.errors import Fault
from claimcheck.plan import CHANCE, UNTRAINED
from claimcheck.prediction import RERUN_CHECKS
from claimcheck.reproduction_files import ReproductionFile


def of_routes(document: ReproductionFile) -> list[Fault]:
    """A fault for each data set of a route that cannot be trained on or evaluated, and each language that it does not have."""
    faults: list[Fault] = []
    known = {name: data_set for name, data_set in manifest().items() if data_set.parser in COUNTED}
    for profile, each in document.value.profiles.items():
        for number, route in enumerate(each.data.routes if each.data is not None else ()):
            place = ("profiles", profile, "data", "routes", number)
            for key, name in (("train", route.train), ("evaluate", route.evaluate)):
                if name == SYNTHETIC:
                    continue
                if name not in known:
                    faults.append(document.fault((*place, key), f"the data set `{name}` cannot be trained on or evaluated",
                                                 suggestion(name, [*known, SYNTHETIC])))
                    continue
                languages = {file.language for file in known[name].files}
                asked = route.languages or (each.data.languages if each.data is not None else ())
                own = (*place, "languages") if route.languages else ("profiles", profile, "data", "languages")
                faults += [document.fault((*own, at), f"{name} does not come in the language `{language}`",
                                          suggestion(language, sorted(languages)))
                           for at, language in enumerate(asked) if language not in languages]
    return faults


def trainings(document: ReproductionFile) -> list[Fault]:
    """A fault for each profile that trains n-grams and does not say how."""
    faults: list[Fault] = []
    for name, profile in document.value.profiles.items():
        design = document.value.design(name)
        if any(backbone.encoder != "hashed n-grams" for backbone in design.backbones.values()):
            continue
        faults += _arms_of(document, name)
        missing = [key for key in ("learning_rate", "batch_size", "temperature", "steps", "schedule", "loss", "optimizer")
                   if getattr(design.training, key) is None]
        if missing:
            place = ("profiles", name, "training") if profile.training is not None else ("profiles", name)
            faults.append(document.fault(place, f"profile `{name}` trains without {', '.join(f'`{key}`' for key in missing)}",
                                         "set them (schedule: linear decay or constant after warm-up; loss: InfoNCE; "
                                         "optimizer: Adam)"))
    return faults


def _arms_of(document: ReproductionFile, profile: str) -> list[Fault]:
    """A fault for each arm whose name says what it is not, and for what the trainer of n-grams cannot do."""
    design = document.value.design(profile)
    training, faults = design.training, []

    def fault(where: tuple[str | int, ...], what: str, next_move: str) -> None:
        faults.append(document.fault(("profiles", profile, *where), what, next_move))

    for name, arm in design.arms.items():
        if name == CHANCE or (name == UNTRAINED) != (arm.sampling == "none"):
            fault(("arms", name), f"the arm `{name}` samples `{arm.sampling}`",
                  f"`{UNTRAINED}` and `{CHANCE}` are rows of every report: call a trained arm otherwise, and one of "
                  f"`sampling: none` `{UNTRAINED}`")
    shortest = min((arm.steps_share or 1.0 for arm in design.arms.values()), default=1.0) * (training.steps or 0)
    if training.steps and (training.warmup_steps or 0) >= shortest:
        fault(("training", "warmup_steps"), "an arm ends before its warm-up does, so it hardly learns",
              "give more `steps` or fewer `warmup_steps`")
    if training.weight_decay or training.early_stopping or training.negatives == "in-batch and one given":
        fault(("training",), "hashed n-grams train without weight decay or early stopping, and with in-batch negatives",
              "leave out `weight_decay` and `early_stopping`; set `negatives: in-batch`")
    if training.betas and not all(0 <= beta < 1 for beta in training.betas):
        fault(("training", "betas"), "each of the `betas` is from 0 to below 1", "give for example [0.9, 0.99]")
    for name, backbone in design.backbones.items():
        if backbone.dimensions is None or backbone.pooling not in (None, "sum"):
            fault(("backbones", name), "hashed n-grams need `dimensions`, and their pooling is `sum`", "set them")
    return faults


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
