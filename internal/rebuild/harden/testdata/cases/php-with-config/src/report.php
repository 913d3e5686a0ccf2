<?php

function report(array $numbers): string
{
    return "sum " . array_sum($numbers);
}
