<?php

require __DIR__ . "/../src/report.php";

echo report(range(1, 10)), "\n";
