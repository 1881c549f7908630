// A control plane in one file: etcd, API server, controller manager and scheduler of Kubernetes.
//
// The first argument names the program, the rest are that program's own flags.
package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
)

const usage = "usage: kube etcd|apiserver|controller-manager|scheduler [FLAGS OF THAT PROGRAM, --help AMONG THEM]"

func main() {
	if len(os.Args) < 2 {
		refuse("kube: no program is named")
	}
	name := os.Args[1]
	os.Args = append([]string{"kube " + name}, os.Args[2:]...)
	var command *cobra.Command
	switch name {
	case "etcd":
		etcdmain.Main(os.Args)
		return
	case "apiserver":
		command = apiserver.NewAPIServerCommand()
	case "controller-manager":
		command = controllermanager.NewControllerManagerCommand()
	case "scheduler":
		command = scheduler.NewSchedulerCommand()
	case "-h", "--help", "help":
		fmt.Println(usage)
		return
	default:
		refuse(fmt.Sprintf("kube: there is no program %q", name))
	}
	os.Exit(cli.Run(command))
}

func refuse(why string) {
	fmt.Fprintf(os.Stderr, "%s\n%s\n", why, usage)
	os.Exit(2)
}
