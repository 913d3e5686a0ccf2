import json
import time

jobs = json.load(open("jobs.json"))
for job in jobs:
    print("doing", job["name"])
    time.sleep(job["seconds"])
