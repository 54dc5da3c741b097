"""
Runs a workload in Quix Streams, the one that the argument names, until standard input ends. spec/bench/app.ts does the same
and prints the same: RUNNING, here with the first record, so that joining the group does not count.
"""

import os
import struct
import sys
import threading
import warnings

# of what Quix Streams imports
warnings.showwarning = lambda *_args, **_options: None

from quixstreams import Application
from quixstreams.models.serializers import Serializer
from quixstreams.models.topics import TopicConfig

PARTITIONS = int(os.environ["PARTITIONS"])


class LongSerializer(Serializer):
    """Kafka's own."""

    def __call__(self, value, ctx):
        return struct.pack(">q", value)


def input_topic(app, name):
    return app.topic(f"{os.environ['INPUT_PREFIX']}-{name}", key_deserializer="str", value_deserializer="str")


def output_topic(app, **serializers):
    config = TopicConfig(num_partitions=PARTITIONS, replication_factor=1)
    return app.topic(f"{os.environ['APPLICATION_ID']}-out", key_serializer="str", config=config, **serializers)


def word_count(app):
    def count(_word, state):
        counted = state.get("count", 0) + 1
        state.set("count", counted)
        return counted

    texts = {"key_serializer": "str", "key_deserializer": "str", "value_serializer": "str", "value_deserializer": "str"}
    (
        app.dataframe(input_topic(app, "lines"))
        .apply(lambda line: line.split(" "), expand=True)
        .group_by(lambda word: word, name="words", **texts)
        .apply(count, stateful=True)
        .to_topic(output_topic(app, value_serializer=LongSerializer()))
    )


def stream_table_join(app):
    table = app.dataframe(input_topic(app, "table"))
    stream = app.dataframe(input_topic(app, "stream"))
    joined = stream.join_asof(table, on_merge=lambda left, right: f"{left[:20]}+{right[:20]}")
    joined.to_topic(output_topic(app, value_serializer="str"))


WORKLOADS = {"word_count": word_count, "stream_table_join": stream_table_join}


def main():
    running = []

    def processed(_topic, _partition, _offset):
        if not running:
            running.append(True)
            print("RUNNING", flush=True)

    app = Application(
        broker_address=os.environ["KAFKA_BOOTSTRAP_SERVERS"],
        consumer_group=os.environ["APPLICATION_ID"],
        state_dir=os.environ["STATE_DIR"],
        auto_offset_reset="earliest",
        commit_interval=int(os.environ.get("COMMIT_MS", "5000")) / 1000,
        processing_guarantee=os.environ["GUARANTEE"].replace("_", "-"),
        on_message_processed=processed,
        loglevel="ERROR",
    )
    WORKLOADS[sys.argv[1]](app)

    def stop_at_end_of_input():
        sys.stdin.read()
        app.stop()

    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    app.run()


main()
