import time, sys
import dense_grasp_train.training.train as tr, dense_grasp_train.training.config as cf
import dense_grasp_train
orig=tr.load_config
