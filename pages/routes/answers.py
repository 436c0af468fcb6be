"""What the routes answer with: strict JSON, and refusals as a status with sentences."""

from collections.abc import Awaitable
from typing import Any

from starlette.responses import Response

from engine import service
from engine.plain import plain_json
from engine.settings import InvalidSettings
from engine.store import StoreError, UnknownRun

NO_STORE = {"Cache-Control": "no-store"}


class Refused(Exception):
    """A request that is not answered as asked: the HTTP status and one sentence per problem."""

    def __init__(self, status: int, *problems: str):
        super().__init__("\n".join(problems))
        self.status = status
        self.problems = list(problems)


def answer(content: Any, status: int = 200) -> Response:
    """JSON by the standard: NaN and infinity, which JSON does not know, become null."""
    return Response(plain_json(content), status, {**NO_STORE}, "application/json")


def refusal(status: int, problems: list[str]) -> Response:
    return answer({"problems": problems}, status)


async def attempted(work: Awaitable[Response]) -> Response:
    """The response of `work`, or the refusal that its exception stands for."""
    try:
        return await work
    except Refused as error:
        return refusal(error.status, error.problems)
    except UnknownRun as error:
        return refusal(404, [str(error)])
    except InvalidSettings as error:
        return refusal(422, error.problems)
    except (service.Refused, StoreError) as error:
        return refusal(409, [str(error)])
