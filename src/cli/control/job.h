// Waits for a job of bulkheadd, as every verb that starts one does.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "cli/control/control.h"

namespace bulkhead::cli::control {

// `started`: what the POST answered. Called whenever the progress or the message changed.
using JobProgress = std::function<void(double progress, const std::string& message)>;
// The job's result; its error where it failed, kind limit where it takes longer than `time_max`.
Result<json::Value> wait_for_job(const Control& control, const json::Value& started,
                                 std::chrono::milliseconds time_max,
                                 const JobProgress& progress = nullptr);

// One line on a terminal that is written over; a line for each message elsewhere.
JobProgress print_progress();

}  // namespace bulkhead::cli::control
