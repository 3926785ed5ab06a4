"""Messages of topics: print, measure, publish."""

from __future__ import annotations

import argparse
import functools
import statistics
import time
from collections import deque
from typing import Any

import rclpy
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy, qos_profile_sensor_data

from ros2cli.graph import graph_node, wait_for_type, wait_until
from ros2cli.main import CommandError
from ros2cli.messages import get_interface, parse_yaml, set_fields, to_yaml


def _given_qos(args: argparse.Namespace, profile: QoSProfile) -> QoSProfile:
    if args.qos_reliability:
        profile.reliability = ReliabilityPolicy[args.qos_reliability.upper()]
    if args.qos_durability:
        profile.durability = DurabilityPolicy[args.qos_durability.upper()]
    if args.qos_depth:
        profile.depth = args.qos_depth
    return profile


def _profile(args: argparse.Namespace) -> QoSProfile:
    sensor = args.qos_profile == "sensor_data"
    depth = qos_profile_sensor_data.depth if sensor else 10
    return QoSProfile(depth=depth, reliability=ReliabilityPolicy.BEST_EFFORT if sensor else ReliabilityPolicy.RELIABLE)


def _matching_qos(node: Node, topic: str, args: argparse.Namespace) -> QoSProfile:
    """Return a profile that all publishers of a topic serve."""
    profile = _profile(args)
    ends = node.get_publishers_info_by_topic(node.resolve_topic_name(topic))
    if ends and args.qos_profile is None:
        if any(end.qos_profile.reliability == ReliabilityPolicy.BEST_EFFORT for end in ends):
            profile.reliability = ReliabilityPolicy.BEST_EFFORT
        if all(end.qos_profile.durability == DurabilityPolicy.TRANSIENT_LOCAL for end in ends):
            profile.durability = DurabilityPolicy.TRANSIENT_LOCAL
    return _given_qos(args, profile)


def _kind(node: Node, args: argparse.Namespace) -> Any:
    name = getattr(args, "message_type", None)
    return get_interface(name or wait_for_type(node.get_topic_names_and_types, node, args.topic_name, "topic"), "msg")


def echo(args: argparse.Namespace) -> None:
    """Print the messages of a topic."""
    limit = None if args.full_length else args.truncate_length
    seen: list[bool] = []

    def show(message: Any) -> None:
        if args.once and seen:
            return
        seen.append(True)
        try:
            value = functools.reduce(getattr, args.field.split(".") if args.field else (), message)
        except AttributeError as error:
            raise CommandError(f"Invalid field '{args.field}': {error}") from None
        text = to_yaml(value, limit, not args.no_arr).removesuffix("...\n")
        print(f"{text}---", flush=True)

    with graph_node() as node:
        kind = _kind(node, args)
        node.create_subscription(kind, args.topic_name, show, _matching_qos(node, args.topic_name, args))
        deadline = time.monotonic() + args.timeout if args.timeout else None
        while not (args.once and seen):
            rclpy.spin_once(node, timeout_sec=0.1)
            if not seen and deadline is not None and time.monotonic() > deadline:
                raise CommandError(f"no message on '{args.topic_name}' in {args.timeout} s")


def rate(args: argparse.Namespace) -> None:
    """Print the rate of a topic every second."""
    times: deque[float] = deque(maxlen=args.window + 1)
    with graph_node() as node:
        kind = _kind(node, args)
        node.create_subscription(
            kind,
            args.topic_name,
            lambda _: times.append(time.monotonic()),
            _matching_qos(node, args.topic_name, args),
            raw=True,
        )
        told = 0.0
        while True:
            rclpy.spin_once(node, timeout_sec=0.1)
            if len(times) < 2 or time.monotonic() < told + 1.0 or times[-1] <= told:
                continue
            told = time.monotonic()
            steps = [later - earlier for earlier, later in zip(times, list(times)[1:])]
            print(
                f"average rate: {1.0 / statistics.fmean(steps):.3f}\n\tmin: {min(steps):.3f}s max: {max(steps):.3f}s "
                f"std dev: {statistics.pstdev(steps):.5f}s window: {len(steps) + 1}",
                flush=True,
            )


def publish(args: argparse.Namespace) -> None:
    """Publish messages at a rate."""
    if args.rate <= 0:
        raise CommandError(f"rate is {args.rate}, expected more than 0")
    times = 1 if args.once else args.times
    with graph_node() as node:
        kind = get_interface(args.message_type, "msg")
        message, values = kind(), parse_yaml(args.values)
        set_fields(message, values, node.get_clock().now().to_msg())
        publisher = node.create_publisher(kind, args.topic_name, _given_qos(args, _profile(args)))
        wanted = args.wait_matching_subscriptions
        wanted = int(times > 0) if wanted is None else wanted
        if publisher.get_subscription_count() < wanted:
            print("Waiting for at least", wanted, "matching subscription(s)...", flush=True)
            wait_until(node, lambda: publisher.get_subscription_count() >= wanted)
        print("publisher: beginning loop", flush=True)
        count = 0
        while not times or count < times:
            count += 1
            set_fields(message, values, node.get_clock().now().to_msg())
            print(f"publishing #{count}: {message!r}\n", flush=True)
            publisher.publish(message)
            time.sleep(args.keep_alive if count == times else 1.0 / args.rate)
