# A sweep as a Nomad batch job: a shard an allocation. count and the meta value "shards" must be the same number.
#   nomad job run deploy/nomad.hcl
#   ssbsim merge found/shard-*.jsonl
job "ssbsim-sweep" {
  type = "batch"

  meta {
    shards = "16"
  }

  group "sweep" {
    count = 16

    restart {
      attempts = 5
      mode     = "fail"
    }

    # The index of an allocation may be used again after a failure: lines and checkpoints are named by shard, on a volume of all nodes.
    volume "found" {
      type      = "host"
      source    = "ssbsim-found"
      read_only = false
    }

    task "sweep" {
      driver       = "exec"
      kill_timeout = "30s"

      config {
        command = "ssbsim"
        args    = ["sweep", "/scenarios", "--seeds", "0-99999", "--canary", "--out", "/found"]
      }

      volume_mount {
        volume      = "found"
        destination = "/found"
      }

      resources {
        cores  = 1
        memory = 2048
      }
    }
  }
}
