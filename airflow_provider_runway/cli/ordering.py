"""A look that may cost something: KIE makes a larger copy of a Veo video for whoever asks whether it is ready."""

from __future__ import annotations

from argparse import Namespace

from airflow_provider_runway.cli.asking import agree
from airflow_provider_runway.kie.families import endpoint_ordered_by_polling
from airflow_provider_runway.kie.prices import priced
from airflow_provider_runway.utils.config import read_prices


def agree_to_order(arguments: Namespace) -> None:
    """Have the person agree to what a look at a KIE task of that kind may cost, or leave.

    :param arguments: Of a command that polls a KIE task.
    """
    endpoint = endpoint_ordered_by_polling(arguments.kind)
    if endpoint is not None:
        price = priced(read_prices()[endpoint])
        agree(
            f"To look whether this copy is ready orders it, where nothing has before: for {price}.",
            "Look?",
            "KIE.AI was not asked, and nothing was paid.",
            yes=arguments.yes,
        )
