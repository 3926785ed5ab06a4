"""The parameters of config/perception.yaml and camera.yaml: descriptor_node and query_node."""

from __future__ import annotations

from dense_grasp_core.parameters import ParameterSpec
from dense_grasp_ros.shared_parameters import (
    CAMERA,
    CAMERA_INFO_TOPIC,
    CAMERA_TOPICS,
    COLOR_TOPIC,
    LENS_MODEL,
    POINTS_TOPIC,
    PREFIX,
    ROBOT_TYPE,
    SYNC_TOLERANCE,
)

from dense_grasp.nodes.robot_parameters import TABLE_HEIGHT, WORKSPACE

BACKENDS = ("auto", "torch", "openvino")  # as dense_grasp_core.descriptors.extractor's, which takes long to import
#: Largest image, px. The network's memory and time grow with it: 33 million took 4 GB and minutes.
MAX_PIXELS = 4_000_000
#: Of a scanned object in one image; each one more takes as long as a search.
MAX_INSTANCES = 20
CALIBRATED = "the value in the network's file"

MODEL = ParameterSpec("model", "", "the network's file", required=True)
STORE = ParameterSpec("store", "sqlite:///dense_grasp.db", "database URL of the taught points, any of SQLAlchemy's")
SCANS = ParameterSpec(
    "scans", "", "folder of the scans, each in one of its object's name; empty: the store's file with .scans behind"
)
DESCRIPTORS_TOPIC = ParameterSpec(
    "descriptors_topic", "dense_grasp/descriptors", "descriptors at the network's resolution", text="name"
)

DESCRIPTOR_NODE = (
    MODEL,
    ParameterSpec(
        "backend", "auto", "auto: OpenVINO where it is installed, else torch; openvino; torch", options=BACKENDS
    ),
    ParameterSpec("threads", 0, "CPU threads of the network; 0: all", low=0, high=1024),
    ParameterSpec(
        "graph_cache", "", "folder that keeps OpenVINO's graph of a network for a quicker start; empty: none"
    ),
    ParameterSpec(
        "max_rate",
        10.0,
        "frames beyond it are skipped",
        "Hz",
        low=0.1,
        high=1000.0,
        zero="as fast as the machine can",
        changeable=True,
    ),
    ParameterSpec(
        "max_pixels",
        MAX_PIXELS,
        "a larger image is refused: its descriptors take too much memory",
        "px",
        low=1,
        high=10**8,
    ),
    CAMERA,
    COLOR_TOPIC,
    CAMERA_INFO_TOPIC,
    LENS_MODEL,
    DESCRIPTORS_TOPIC,
    ParameterSpec("pca_topic", "dense_grasp/pca", "descriptors as colours, for RViz", text="name"),
)
SCAN_MODEL = ParameterSpec("scan_model", "", "the network's file for scanned objects; empty: general, which is shipped")
QUERY_NODE = (
    ParameterSpec(
        "model",
        "",
        "the network's file: its calibration, and what describes the store anew; empty: set temperature and thresholds",
    ),
    ParameterSpec(
        "further_models",
        "",
        "files or folders of further networks, with ':' between them: a keypoint is found by the network that it was "
        "taught with; looked for beside model and among the shipped ones, too",
    ),
    STORE,
    ROBOT_TYPE,
    PREFIX,
    *WORKSPACE,
    TABLE_HEIGHT,
    CAMERA,
    *CAMERA_TOPICS[:2],
    DESCRIPTORS_TOPIC,
    SCANS,
    SCAN_MODEL,
    ParameterSpec(
        "pose_threshold", 0.25, "score of a scanned object's pose below which it is not found", low=0.0, high=1.0
    ),
    ParameterSpec(
        "colour_difference",
        7.0,
        "how much colours may differ from the scan's, times the pose's score and the difference of the scan's views",
        low=0.0,
        high=1000.0,
    ),
    ParameterSpec(
        "instances",
        1,
        "of a scanned object that are looked for in an image where a call does not say how many",
        low=1,
        high=MAX_INSTANCES,
    ),
    ParameterSpec(
        "turns",
        0,
        "turns of its taught picture in which a keypoint without a scan is looked for; 0: only as it was taught",
        low=0,
        high=32,
    ),
    ParameterSpec("objects_topic", "dense_grasp/objects", "poses of scanned objects, vision_msgs", text="name"),
    ParameterSpec("heatmap_topic", "dense_grasp/heatmap", "score over the image, for RViz", text="name"),
    ParameterSpec("markers_topic", "dense_grasp/markers", "located points, for RViz", text="name"),
    ParameterSpec("matches_topic", "dense_grasp/matches", "located points", text="name"),
    POINTS_TOPIC,
    ParameterSpec("clicked_topic", "clicked_point", "points that are clicked in RViz (Publish Point)", text="name"),
    ParameterSpec(
        "click_teaches",
        "",
        "object_id/keypoint that a point clicked in RViz teaches; empty: none",
        changeable=True,
    ),
    ParameterSpec(
        "temperature",
        float("nan"),
        "t of the kernel exp(-(|f - d| / exp(t))^2), for the network of model alone",
        low=-20.0,
        low_open=True,
        high=20.0,
        high_open=True,
        nan=CALIBRATED,
    ),
    ParameterSpec(
        "found_threshold",
        float("nan"),
        "score below which the answer is LOW_SCORE, for the network of model alone",
        low=0.0,
        high=1.0,
        nan=CALIBRATED,
    ),
    ParameterSpec(
        "ambiguity_ratio",
        float("nan"),
        "second peak / first peak above which the answer is AMBIGUOUS, for the network of model alone",
        low=0.0,
        high=1.0,
        nan=CALIBRATED,
    ),
    ParameterSpec(
        "allow_uncalibrated",
        False,
        "take a network that was not calibrated; a table without the object may then be answered 'found'",
    ),
    ParameterSpec("depth_radius", 3, "around the match in which depth is read", "px", low=0, high=100),
    ParameterSpec(
        "depth_min_valid", 0.3, "share of that window that must have depth, else NO_DEPTH", low=0.0, high=1.0
    ),
    ParameterSpec(
        "max_frame_age",
        2.0,
        "between an image's stamp and the node's clock, else STALE",
        "s",
        low=0.0,
        low_open=True,
        high=3600.0,
    ),
    ParameterSpec(
        "frame_timeout",
        3.0,
        "of wall clock that a request without a time-out of its own waits for an image",
        "s",
        low=0.0,
        low_open=True,
        high=600.0,
    ),
    ParameterSpec(
        "idle_after",
        2.0,
        "of wall clock after the last question from which on the camera is not listened to, so that nothing is "
        "described while nobody asks; the next question waits some tenths of a second longer",
        "s",
        low=0.1,
        high=3600.0,
        zero="it always listens",
    ),
    ParameterSpec(
        "tf_timeout",
        0.5,
        "of wall clock to wait for the transform at the image's stamp, else NO_TF",
        "s",
        low=0.0,
        high=60.0,
    ),
    ParameterSpec("sync_queue_size", 30, "images kept until their descriptors arrive", low=1, high=1000),
    SYNC_TOLERANCE,
    ParameterSpec("base_frame", "", "frame of the answers; empty: <prefix><robot_type>_link0", text="frame"),
    ParameterSpec(
        "watch",
        "",
        "object_id or object_id/keypoint that is searched in every image, for RViz; empty: none",
        changeable=True,
    ),
)
