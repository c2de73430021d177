"""Finding brothers and sisters among the season's registrations, and keeping what was found."""

from datetime import datetime

from django.db.models import Q, QuerySet

from payments import siblings
from payments.models import SiblingCase
from payments.models.discounts import SiblingCaseQuerySet
from registrations.models import Registration

Standing = SiblingCase.Standing
RELATED = ("season", "team", "player", "guardian")
SECRET = ("medical_notes", "not_to_collect")


def counts(registration: Registration) -> bool:
    """Whether a registration makes somebody else a second child: paid, live, not a double."""
    live = not registration.cancelled_at and not registration.duplicate_of_id
    return bool(live and registration.fee_settled_at)


def seek(registration: Registration, *, at: datetime) -> None:
    """Store what speaks for siblings of this registration; what staff decided is left alone.

    What was certain once stays certain: a number that is corrected later takes nothing away.
    """
    known = {_pair(case.one_id, case.other_id): case for case in _cases({registration.pk})}
    found: set[tuple[int, int]] = set()
    if counts(registration):
        child = child_of(registration)
        for candidate in _candidates(registration):
            verdict = siblings.compare(child, child_of(candidate))
            if verdict:
                pair = _pair(registration.pk, candidate.pk)
                found.add(pair)
                _keep(pair, known.get(pair), verdict, at)
    stale = [case.pk for pair, case in known.items() if pair not in found]
    SiblingCase.objects.to_decide().filter(pk__in=stale).delete()


def family_ids(ids: set[int]) -> set[int]:
    """These registrations and all that a case ties to them, however far; whatever it says."""
    family, edge = set(ids), set(ids)
    while edge:
        cases = _cases(edge).values_list("one_id", "other_id")
        edge = {id for pair in cases for id in pair} - family
        family |= edge
    return family


def links(ids: set[int]) -> list[tuple[int, int]]:
    """The pairs among these registrations that count as siblings."""
    return list(_cases(ids).linked().values_list("one_id", "other_id"))


def child_of(registration: Registration) -> siblings.Child:
    """What the comparison looks at."""
    player, guardian = registration.player, registration.guardian
    phone, email = str(guardian.phone), guardian.email.casefold()
    proven = [(phone, guardian.phone_proven_at), (email, guardian.email_proven_at)]
    return siblings.Child(
        player=player.pk,
        family=guardian.family_id,
        first=player.first_name,
        last=player.last_name,
        dob=player.dob,
        parent_first=guardian.first_name,
        parent_last=guardian.last_name,
        phone=phone,
        email=email,
        postcode=guardian.postcode,
        house=guardian.house_number or guardian.address_line_1,
        proven=frozenset(contact for contact, at in proven if contact and at),
    )


def _candidates(registration: Registration) -> QuerySet[Registration]:
    player, guardian = registration.player, registration.guardian
    near = Q(guardian__family=guardian.family_id) | Q(player__last_name__iexact=player.last_name)
    if guardian.phone:
        near |= Q(guardian__phone=guardian.phone)
    if guardian.email:
        near |= Q(guardian__email__iexact=guardian.email)
    if guardian.postcode:
        near |= Q(guardian__postcode=guardian.postcode)
    paid = Registration.objects.live().filter(near, season=registration.season_id)
    paid = paid.filter(fee_settled_at__isnull=False).exclude(pk=registration.pk)
    return paid.select_related(*RELATED).defer(*SECRET)


def _keep(
    pair: tuple[int, int], case: SiblingCase | None, verdict: siblings.Verdict, at: datetime
) -> None:
    if case is None:
        standing = Standing.CERTAIN if verdict.certain else Standing.DOUBTFUL
        SiblingCase.objects.create(
            one_id=pair[0],
            other_id=pair[1],
            standing=standing,
            evidence=list(verdict.evidence),
            opened_at=at,
        )
    elif case.standing == Standing.DOUBTFUL:
        case.standing = Standing.CERTAIN if verdict.certain else Standing.DOUBTFUL
        case.evidence = list(verdict.evidence)
        case.save(update_fields=["standing", "evidence"])


def _cases(ids: set[int]) -> SiblingCaseQuerySet:
    return SiblingCase.objects.of(ids)


def _pair(one: int, other: int) -> tuple[int, int]:
    return (min(one, other), max(one, other))
