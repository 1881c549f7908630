package main

import (
	"strings"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
)

type fields = map[string]*tfbridge.SchemaInfo

// configuration mends the provider's own settings where the bridge's rules differ from the Python SDK.
func configuration() fields {
	return fields{
		"skip_metadata_api_check": {Type: "boolean"}, // a string in Terraform, to tell false from not given
	}
}

// override mends the types where the bridge's rules differ from the Python SDK; python -m engine check finds them.
func override(p shim.Provider, resources map[string]*tfbridge.ResourceInfo) {
	unlisted := fields{"ingress": {Name: "ingress"}, "egress": {Name: "egress"}} // no plural
	mends := map[string]fields{
		"aws_cloudwatch_metric_alarm": {"alarm_name": tfbridge.AutoName("name", 255, "-")},
		"aws_default_security_group":  unlisted,
		"aws_eks_cluster":             {"certificate_authority": {Name: "certificateAuthority", MaxItemsOne: tfbridge.True()}},
		"aws_s3_bucket":               {"bucket": tfbridge.AutoNameTransform("bucket", 63, strings.ToLower)},
		"aws_security_group":          unlisted,
		"aws_sns_topic_subscription":  {"topic_arn": {Name: "topic"}},
	}
	for name, resource := range resources {
		resource.Fields = fields{}
		for field, mend := range mends[name] {
			resource.Fields[field] = mend
		}
		if _, has := p.ResourcesMap().Get(name).Schema().GetOk("tags_all"); has {
			resource.Fields["tags_all"] = &tfbridge.SchemaInfo{MarkAsComputedOnly: tfbridge.True()}
		}
	}
}
